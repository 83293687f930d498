"""Columns that files of ours say beside the contact, as people send them back."""

import re

OURS = re.compile(r"pixel_[0-9]+_(url|html)|rejected_(line|because)")


def is_ours(column: str) -> bool:
    """Whether a column is one that our own files add: not the contact's, and not to be kept."""
    return bool(OURS.fullmatch(column.strip().lower()))
