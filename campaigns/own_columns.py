"""Columns that files of ours say beside the contact, as people send them back."""

import re

REASONS = ("rejected_line", "rejected_because")
OURS = re.compile(r"pixel_[0-9]+_(url|html)|" + "|".join(REASONS))


def is_ours(column: str) -> bool:
    """Whether a column is one that our own files add: not the contact's, and not to be kept."""
    return bool(OURS.fullmatch(column.strip().lower()))
