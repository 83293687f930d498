"""Cells that a spreadsheet would run: made harmless as they leave, and restored as they return."""

import re

# A spreadsheet takes a cell that begins so for a formula, also in the wide letters of East Asia.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001
NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?")


def harmless(text: str) -> str:
    """The text, with a ' before it where a spreadsheet would run it. Numbers stay numbers."""
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text


def without_guard(text: str) -> str:
    """What `harmless` was given: the text without the ' that it put there, and only that one."""
    bare = text[1:]
    return bare if text.startswith("'") and harmless(bare) != bare else text
