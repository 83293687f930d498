"""How long mails waited to be opened, as a chart with its table."""

from bisect import bisect_right
from collections import Counter
from math import log10

from tracking.delay import BUCKETS
from tracking.panels import svg
from tracking.panels.charts import ANONYMOUS, NOTHING_YET, group_class, named
from tracking.panels.figure import Figure, Row
from tracking.panels.side import Side
from tracking.panels.words import Seconds, duration, number, times
from tracking.statistics.figures import PERCENTILES, percentile
from tracking.statistics.spread import Spread, end_of

DELAYS = (1, 10, 60, 600, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400)
MOST_BARS = 40  # beyond it, neighbours share one


def time_to_open(told: dict, spread: Spread, side: Side) -> Figure:
    found = spread.delays if side is Side.VERIFIED else spread.delays_raw
    delays, groups = found[None], told["groups"]
    parts = [found.get(group["id"], Counter()) for group in groups]
    cells = [
        (
            Seconds(begin),
            None if (end := end_of(begin)) is None else Seconds(end),
            contacts,
            *(part[begin] for part in parts),
        )
        for begin, contacts in sorted(delays.items())
    ]
    opened = "contacts that opened then for the first time"
    figure = {
        "name": "time-to-open",
        "title": "Time to open",
        "columns": ("after", "before", opened, *map(named, groups)),
        "cells": cells,
    }
    if told["raw"]["contacts"] is None or not cells:
        anonymous = told["raw"]["contacts"] is None
        return Figure(**figure, empty=ANONYMOUS if anonymous else NOTHING_YET)
    says = in_words(*(percentile(delays, PERCENTILES[name]) for name in ("p50", "p90")))
    begins = begins_of_bars(delays)
    rows, scale, place = ranges(groups, found)
    return Figure(
        **figure,
        says=says,
        chart=svg.bars(
            columns_of(begins, groups, parts), labels_of(begins), f"Time to open. {says}"
        ),
        legend=legend_of(groups),
        rows=rows,
        foot=svg.scale_row([(tick, duration(tick)) for tick in scale], place),
        note="From when the mail was sent to its first opening. Each bar takes about as many times "
        "as long as the one before it. The dot: half had opened by then. The line: from a tenth to "
        "nine tenths.",
    )


def in_words(p50: float, p90: float) -> str:
    """Seconds. The last bucket has no end: what is in it took a year, or ten."""
    if p50 >= BUCKETS[-1]:
        return "Half of those who opened or more did after a year or later."
    half = f"Half of those who opened did within {duration(p50)}"
    if p90 >= BUCKETS[-1]:
        return f"{half}, a tenth or more after a year or later."
    return f"{half}, nine tenths within {duration(p90)}."


# -- Bars ------------------------------------------------------------------------------------------
def begins_of_bars(delays: Counter) -> list[int]:
    """Of the kept buckets from the first to the last that holds somebody, also of empty ones; each
    second one of them, or third, where they are many."""
    first, last = (BUCKETS.index(found) for found in (min(delays), max(delays)))
    together = -(-(last - first + 1) // MOST_BARS)
    return BUCKETS[first : last + 1 : together]


def columns_of(begins: list[int], groups: list[dict], parts: list[Counter]) -> list[svg.Column]:
    counts = [[0] * len(groups) for _ in begins]
    for at, part in enumerate(parts):
        for begin, contacts in part.items():
            counts[bisect_right(begins, begin) - 1][at] += contacts
    ends = [*begins[1:], end_of(max(max(part, default=0) for part in parts))]
    return [
        column_of(begin, end, groups, own)
        for begin, end, own in zip(begins, ends, counts, strict=True)
    ]


def column_of(begin: int, end: int | None, groups: list[dict], contacts: list[int]) -> svg.Column:
    parts: Counter = Counter()
    for at, count in enumerate(contacts):
        parts[group_class(at)] += count  # there are fewer colours than groups may be
    told = ", ".join(
        f"{named(group)}: {number(count)}"
        for group, count in zip(groups, contacts, strict=True)
        if count
    )
    until = f" to {duration(end)}" if end else " and later"
    return svg.Column(
        f"{duration(begin)}{until}: {times(sum(contacts), 'contact')}" + (told and f" ({told})"),
        dict(parts),
    )


def labels_of(begins: list[int]) -> list[tuple[int, str]]:
    """Times that people know, each below the bar that holds it."""
    inside = [tick for tick in DELAYS if begins[0] <= tick <= begins[-1]]
    found = {bisect_right(begins, tick) - 1: duration(tick) for tick in inside}
    return sorted((found or {0: duration(begins[0])}).items())


def legend_of(groups: list[dict]) -> dict[str, str]:
    names: dict[str, list[str]] = {}
    for at, group in enumerate(groups):
        names.setdefault(group_class(at), []).append(named(group))
    return {kind: ", ".join(own) for kind, own in names.items()}


# -- From a tenth to nine tenths -------------------------------------------------------------------
def ranges(groups: list[dict], found: dict[int | None, Counter]):
    """The rows, their scale, and where on it a time is."""
    ends = [
        value for own in found.values() for share in (0.1, 0.9) if (value := percentile(own, share))
    ]
    scale = scale_around(min(ends, default=0), max(ends, default=0))

    def place(seconds):
        low, high = log10(scale[0]), log10(scale[-1])
        return min(max((log10(max(seconds, 1)) - low) / (high - low), 0), 1)

    rows = [
        delay_row(named(group), found[group["id"]], group_class(number), scale, place)
        for number, group in enumerate(groups)
        if found.get(group["id"])
    ]
    return rows, scale, place


def scale_around(low: float, high: float) -> list[int]:
    first = max([tick for tick in DELAYS[:-1] if tick <= low], default=DELAYS[0])
    last = min([tick for tick in DELAYS if tick >= high and tick > first], default=DELAYS[-1])
    return [tick for tick in DELAYS if first <= tick <= last]


def delay_row(name: str, delays, kind: str, scale, place) -> Row:
    p10, p50, p90 = (percentile(delays, share) for share in PERCENTILES.values())
    words = f"{name}: half within {duration(p50)}, from {duration(p10)} to {duration(p90)}"
    drawn = svg.dot(svg.Range(p50, p10, p90), scale, place, kind, words)
    return Row(name, drawn, duration(p50), f"{duration(p10)} to {duration(p90)}")
