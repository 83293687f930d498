from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.response import Response
from rest_framework.settings import api_settings

from campaigns.render import ForeignPixel, NotHtml, render
from campaigns.serializers.render import HtmlSerializer

BEFORE = "<html><body><p>Hello Ada</p></body></html>"
IMAGE = (
    '<img src="https://track.example.com/p/gAAAAABr….gif" width="1" height="1" alt=""'
    ' style="border:0;width:1px;height:1px">'
)


class HtmlParser(BaseParser):
    """A mail as it is, in place of JSON."""

    media_type = "text/html"

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            return {"html": stream.read().decode()}
        except UnicodeDecodeError:
            raise ParseError("The HTML is not in UTF-8.") from None


class RenderMixin:
    """Adds `render` to the viewset of contacts."""

    @extend_schema(
        request={"application/json": HtmlSerializer, "text/html": OpenApiTypes.STR},
        responses=HtmlSerializer,
        examples=[
            OpenApiExample(
                "A mail", {"html": BEFORE}, request_only=True, media_type="application/json"
            ),
            OpenApiExample(
                "The same for a contact with one pixel",
                {"html": BEFORE.replace("<body>", f"<body>{IMAGE}")},
                response_only=True,
            ),
        ],
    )
    @action(
        detail=True,
        methods=["post"],
        serializer_class=HtmlSerializer,
        parser_classes=[*api_settings.DEFAULT_PARSER_CLASSES, HtmlParser],
    )
    def render(self, request, *args, **kwargs):
        """Place the contact's pixels in the HTML of a mail, and change nothing else in it.

        The first pixel goes where the body begins, the last where it ends, those between after
        blocks in between. A single one goes to the top, since Gmail cuts off the end of long
        mails. Pixels of this contact that are there already stay where they are, so that
        rendering a mail again changes nothing. Nothing is stored or counted, and every member of
        the team may do it.

        HTML that has the pixel of another contact in it is refused, for its openings would be
        taken for theirs; so is what is not HTML.
        """
        contact = self.get_object()
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        pixels = sorted(contact.pixels.all(), key=lambda pixel: pixel.number)
        try:
            html = render(body.validated_data["html"], pixels)
        except NotHtml as problem:
            raise ValidationError({"html": str(problem)}, "not_html") from None
        except ForeignPixel as problem:
            raise ValidationError({"html": str(problem)}, "foreign_pixel") from None
        return Response({"html": html})
