import orjson
from rest_framework import renderers
from rest_framework.utils.encoders import JSONEncoder

OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
OTHERS = JSONEncoder()  # so that all else is written as REST framework writes it


class JSONRenderer(renderers.JSONRenderer):
    """As REST framework's, and several times as fast: the statistics of a campaign are 200 KB."""

    def render(self, data, accepted_media_type=None, renderer_context=None) -> bytes:
        if data is None:
            return b""
        if self.get_indent(accepted_media_type, renderer_context or {}):
            return super().render(data, accepted_media_type, renderer_context)
        return orjson.dumps(data, default=OTHERS.default, option=OPTIONS)
