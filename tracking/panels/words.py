"""Figures as people read them, in the language's own way of writing numbers."""

from math import floor, log10

from django.utils.formats import number_format

UNKNOWN = "–"  # noqa: RUF001
UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


class Seconds(int):
    """How long something took; a plain number in files."""


def number(value: float, digits: int = 0) -> str:
    # Django cuts off what is too long.
    return number_format(round(value, digits), digits, use_l10n=True, force_grouping=True)


def percent(share: float | None) -> str:
    return UNKNOWN if share is None else f"{number(100 * share, 1)} %"


def between(low: float, high: float) -> str:
    """An interval of shares: 38.1 to 44.4 %."""
    return f"{number(100 * low, 1)} to {number(100 * high, 1)} %"


def points(share: float) -> str:
    """A difference of shares, in percentage points."""
    value = abs(100 * share)
    return number(value, 1 if value >= 0.05 or not value else 2)


def about(value: int) -> str:
    """Two digits of it: it is an estimate."""
    unit = 10 ** max(floor(log10(value)) - 1, 0) if value else 1
    return number(round(value / unit) * unit)


def duration(seconds: float) -> str:
    """In its two largest units: 3 h 12 min."""
    left, parts = round(seconds), []
    for unit, length in UNITS:
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def times(count: int, one: str, many: str = "") -> str:
    """1 opening, 2 openings"""
    return f"{number(count)} {one if count == 1 else many or f'{one}s'}"
