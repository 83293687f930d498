"""A contact's pixels, placed in the HTML of their mail. Nothing else of it is changed."""

import json
import re
from bisect import bisect_left
from uuid import UUID

from django.utils.html import format_html

from campaigns.markup import SPACE, Token, tokens
from campaigns.token import LENGTH, read_token


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MOST = 2_000_000  # characters; Gmail shows a twentieth of it
ELEMENTS = names(
    "a abbr address area article aside b base big blockquote body br button caption center code"
    " col colgroup dd del div dl dt em figure font footer form h1 h2 h3 h4 h5 h6 head header hr"
    " html i img ins label li link main map mark meta nav ol p pre s section small span strike"
    " strong style sub sup table tbody td template tfoot th thead title tr tt u ul"
)
HEAD = names("base head html link meta script style title")  # come before the body
BLOCKS = names(
    "article blockquote center div dl figure footer h1 h2 h3 h4 h5 h6 header main ol p pre section"
    " table ul"
)
VOID = names("area base br col embed hr img input link meta source track wbr")
# Images in these may never be fetched.
INERT = names("audio math noscript object select svg template video")
HIDING = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
BLANK = re.compile(rf"[\ufeff{SPACE}]*+")
DOCTYPE = re.compile(r"<!doctype", re.IGNORECASE)
# Comments that begin and end a part for some clients only: <!--[if !mso]><!--> … <!--<![endif]-->
CONDITION = re.compile(r"<!(?:--)?\s*\[if\b(?!.*\[endif\])", re.IGNORECASE | re.DOTALL)
CONDITION_END = re.compile(r"<!(?:--\s*<!)?\s*\[endif\]", re.IGNORECASE)
PIXEL = re.compile(rf"/p/([A-Za-z0-9_-]{{{LENGTH}}})\.gif")
NEW_WINDOW = '<base target="_blank">'
MARK = (
    "display:inline-block;margin:2px;padding:0 6px;border:1px dashed;border-radius:3px;"
    "font:12px/18px sans-serif"
)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")


class NotHtml(ValueError):
    def __str__(self):
        return "This is no HTML. Send the HTML part of the mail, with its tags."


class ForeignPixel(ValueError):
    def __str__(self):
        return (
            "This HTML has the pixel of another contact in it. Send the mail as it was before it"
            " was rendered for anyone."
        )


def render(html: str, pixels: list) -> str:
    """The HTML with the pixels placed: the first where the body begins, the last where it ends,
    those between spread over it, each after a block.

    A single pixel goes to the top: Gmail cuts long mails off, and the bottom with them. A pixel
    that is in the HTML already stays where it is, so that rendering again changes nothing.
    `pixels` are the contact's, sorted by number. NotHtml, ForeignPixel.
    """
    page = Page(html)
    if page.pixels - {pixel.uuid for pixel in pixels}:
        raise ForeignPixel
    missing = [
        (place, place, pixel.html)
        for place, pixel in zip(page.places(len(pixels)), pixels, strict=True)
        if pixel.uuid not in page.pixels
    ]
    return replace(html, missing)


def preview(html: str, pixels: list) -> str:
    """What `render` gives, with a mark in the place of each pixel, and links that open nothing
    where no new window may be opened. NotHtml, ForeignPixel."""
    rendered = render(html, pixels)
    page, numbers = Page(rendered), {pixel.uuid: pixel.number for pixel in pixels}
    marks = {(start, end): mark_of(numbers[uuid]) for start, end, uuid in page.images}
    [top] = page.places(1)
    places = [(top, top, NEW_WINDOW), *((*place, mark) for place, mark in marks.items())]
    return replace(rendered, sorted(places))


def mark_of(number: int) -> str:
    """What stands for a pixel where it is to be seen, and not to be fetched."""
    return format_html('<span style="{}">pixel {}</span>', MARK, number)


def replace(html: str, places: list[tuple[int, int, str]]) -> str:
    """The HTML with other text from each start to its end; sorted, and apart from each other."""
    parts, done = [], 0
    for start, end, text in places:
        parts += html[done:start], text
        done = end
    return "".join([*parts, html[done:]])


class Page:
    """What placing pixels has to know of a mail's HTML; read in one pass."""

    def __init__(self, html: str):
        self.html = html
        self.images: list[tuple[int, int, UUID]] = []  # those that are pixels: [start:end]
        self._elements = False
        self._begin = 0  # where the body begins when there is no tag for it
        self._head = True  # no content yet
        self._top: int | None = None  # behind <body>
        self._body_just_began = False
        self._bottom: int | None = None  # before the last </body>, or else </html>
        self._bottom_name = ""
        self._blocks: list[int] = []  # where a block ends that everybody sees
        # The element that hides what is in it, and how many of its name are open.
        self._hidden: tuple[str, int] | None = None
        self._condition: int | None = None  # where a part for some clients only begins
        self._condition_just_began = False
        self._limit = len(html)
        if not is_data(html):
            for token in tokens(html):
                self.read(token)
        if not self._elements:
            raise NotHtml

    @property
    def pixels(self) -> set[UUID]:
        return {uuid for *_, uuid in self.images}

    # -- Reading ---------------------------------------------------------------------------------
    def read(self, token: Token):
        if token.kind == "text" and BLANK.fullmatch(self.html, token.start, token.end):
            return
        if token.kind == "broken":
            self._limit = token.start
            return
        self.look_for_body(token)
        if token.kind == "comment":
            self.read_comment(token)
            return
        if token.kind == "start":
            self.read_start(token)
        elif token.kind == "end":
            self.read_end(token)
        self._condition_just_began = False

    def look_for_body(self, token: Token):
        if self._body_just_began:
            # Behind <!--[if !mso]><!--><body><!--<![endif]-->, not within it.
            if token.kind == "comment" and CONDITION_END.match(self.html, token.start):
                self._top = token.end
            self._body_just_began = False
        if self._top is not None:
            return
        if token.kind == "start" and token.name == "body":
            self._top, self._body_just_began = token.end, True
        elif token.name == "head" and token.kind == "end":
            self._begin = token.end
        elif self._head:
            self.skip_head(token)

    def skip_head(self, token: Token):
        if token.name in HEAD or DOCTYPE.match(self.html, token.start):
            self._begin = token.end
        elif token.kind != "comment":
            self._head = False

    def read_comment(self, token: Token):
        if CONDITION.match(self.html, token.start, token.end):
            self._condition, self._condition_just_began = token.start, True
        elif CONDITION_END.match(self.html, token.start):
            self._condition = None

    def read_start(self, token: Token):
        self._elements = self._elements or token.name in ELEMENTS
        if token.name == "img":
            for text in PIXEL.findall(self.html, token.start, token.end):
                if uuid := read_token(text):
                    self.images.append((token.start, token.end, UUID(bytes=uuid)))
        if self._hidden:
            name, depth = self._hidden
            self._hidden = (name, depth + (token.name == name))
        elif token.name not in VOID and (
            token.name in INERT or HIDING.search(self.html, token.start, token.end)
        ):
            self._hidden = (token.name, 1)

    def read_end(self, token: Token):
        if self._hidden:
            name, depth = self._hidden
            depth -= token.name == name
            self._hidden = (name, depth) if depth else None
        elif token.name in BLOCKS and self._condition is None:
            self._blocks.append(token.end)
        if token.name == "body" or (token.name == "html" and self._bottom_name != "body"):
            # Before <!--[if !mso]><!--></body><!--<![endif]-->, not within it.
            self._bottom = self._condition if self._condition_just_began else token.start
            self._bottom_name = token.name

    # -- Placing ---------------------------------------------------------------------------------
    def places(self, count: int) -> list[int]:
        """Where `count` pixels go, from top to bottom."""
        top = self._begin if self._top is None else self._top
        bottom = self._limit if self._bottom is None else self._bottom
        if bottom < top:
            bottom = max(top, self._limit)
        between = [
            self.block_end(top + (bottom - top) * part // (count - 1), bottom)
            for part in range(1, count - 1)
        ]
        return [top, *between, bottom][:count]

    def block_end(self, place: int, bottom: int) -> int:
        index = bisect_left(self._blocks, place)
        return min(self._blocks[index], bottom) if index < len(self._blocks) else bottom


def is_data(text: str) -> bool:
    """Binary, or JSON that may well have HTML in its strings."""
    if CONTROL.search(text):
        return True
    if text.lstrip("\ufeff \t\r\n")[:1] not in ("{", "[", '"'):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    except RecursionError:
        pass  # JSON as far as Python reads it
    return True
