"""HTML cut into tags as browsers cut it, with the place of each. Nothing is read twice.

A parser would write the mail anew: entities, conditional comments for Outlook and a mail
provider's placeholders would not come out as they went in. Python's own html.parser keeps only
lines and columns, and takes quadratic time for some broken inputs.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

SPACE = r" \t\n\f\r"
NAME = re.compile(rf"<(/?)([a-zA-Z][^{SPACE}/>]*+)")
# Quotes count only where a value begins: <a title="a>b"> is one tag, <a b"c> is one as well.
REST = re.compile(
    rf"""(?:[{SPACE}/]++
          | [^{SPACE}/>][^{SPACE}/>=]*+
            (?:[{SPACE}]*+=[{SPACE}]*+ (?:"[^"]*+(?:"|\Z) | '[^']*+(?:'|\Z) | [^{SPACE}>]*+))?+
         )*+>""",
    re.VERBOSE,
)
COMMENT = re.compile(r"<!--(?:-?>|.*?--!?>)", re.DOTALL)
DECLARATION = re.compile(r"<(?:[!?]|/(?![a-zA-Z]))[^>]*+>")
OPENS = re.compile(r"<(?:[a-zA-Z!?]|/.)", re.DOTALL)
# What stands in these is no markup, until their end tag.
RAW = {
    name: re.compile(rf"</{name}(?=[{SPACE}/>])", re.IGNORECASE)
    for name in ("iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp")
}


class Token(NamedTuple):
    """`html[start:end]`. The kind is "text", "comment" (also a doctype), "start", "end", or
    "broken": from here on something is never closed, and browsers show none of it."""

    kind: str
    name: str  # of the element, in lower case
    start: int
    end: int


def tokens(html: str) -> Iterator[Token]:
    """The text from its first character to its last, or to a broken token."""
    done = 0
    while opening := OPENS.search(html, done):
        start = opening.start()
        if start > done:
            yield Token("text", "", done, start)
        token = token_at(html, start)
        yield token
        done = token.end
        if token.kind == "broken":
            return
        if token.kind == "start" and token.name in RAW:
            closing = RAW[token.name].search(html, done)
            if not closing:
                yield Token("broken", token.name, token.start, len(html))
                return
            if closing.start() > done:
                yield Token("text", token.name, done, closing.start())
            done = closing.start()
    if done < len(html):
        yield Token("text", "", done, len(html))


def token_at(html: str, start: int) -> Token:
    if named := NAME.match(html, start):
        kind, name = "end" if named[1] else "start", named[2].lower()
        found = REST.match(html, named.end())
    else:
        kind, name = "comment", ""
        pattern = COMMENT if html.startswith("<!--", start) else DECLARATION
        found = pattern.match(html, start)
    if not found:
        return Token("broken", name, start, len(html))
    return Token(kind, name, start, found.end())
