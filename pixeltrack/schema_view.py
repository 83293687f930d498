"""/openapi.json: the same for everybody, and made once."""

from functools import cache
from hashlib import sha256

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView


@cache
def document() -> tuple[bytes, str]:
    """The schema and its ETag. A quarter of a second's work, which anybody may ask for."""
    schema = SchemaGenerator().get_schema(public=True)
    text = OpenApiJsonRenderer().render(schema, renderer_context={})
    # Weak, for it goes out under two media types.
    return text, f'W/"{sha256(text).hexdigest()[:32]}"'


class SchemaView(SpectacularJSONAPIView):
    @extend_schema(exclude=True)
    def get(self, request, *args, **kwargs):
        text, etag = document()
        response = HttpResponse(
            text,
            content_type=request.accepted_renderer.media_type,
            headers={
                "Content-Disposition": 'inline; filename="PixelTrack.json"',
                "ETag": etag,
                "Cache-Control": "no-cache",  # keep it, and ask each time whether it still holds
            },
        )
        return get_conditional_response(request, etag=etag, response=response)
