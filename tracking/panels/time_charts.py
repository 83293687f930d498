"""The figures of a campaign that tell when, each as a chart with its table."""

from datetime import timedelta
from math import log10
from zoneinfo import ZoneInfo

from django.utils.formats import date_format

from tracking.models import Verdict
from tracking.panels import svg
from tracking.panels.charts import ANONYMOUS, NOTHING_YET, group_class, named
from tracking.panels.figure import Figure, Row
from tracking.panels.side import Side
from tracking.panels.words import Seconds, duration, number, times
from tracking.statistics.figures import PERCENTILES, percentile
from tracking.statistics.spread import Bucket, Spread, Step, end_of

WHO = {
    Verdict.HUMAN: "people",
    Verdict.PROXY: "proxies, on behalf of people",
    Verdict.MACHINE: "machines",
}
DELAYS = (1, 10, 60, 600, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def over_time(spread: Spread, side: Side, zone: ZoneInfo) -> Figure:
    shown = [verdict for verdict in Verdict if side is Side.RAW or Verdict.verified(verdict)]
    columns = [f"{spread.step.label} from", *(f"mail opens, {verdict}" for verdict in shown)]
    columns += [f"openings, {verdict}" for verdict in shown]
    cells = [
        (
            bucket.at,
            *(bucket.mail_opens[v] for v in shown),
            *(bucket.openings[v] for v in shown),
        )
        for bucket in spread.buckets
        if any(bucket.openings[verdict] for verdict in shown)
    ]
    figure = {
        "name": "over-time",
        "title": "Mail opens over time",
        "columns": tuple(columns),
        "cells": cells,
        "zone": zone,
        "wide": True,
    }
    if not cells:
        return Figure(**figure, empty=NOTHING_YET)
    bars = [column_of(bucket, spread.step, shown, zone) for bucket in spread.buckets]
    most = max(range(len(bars)), key=lambda place: bars[place].total)
    says = f"Most of them: {bars[most].words}."
    return Figure(
        **figure,
        says=f"By {spread.step.label}, {zone.key} time. {says}",
        chart=svg.bars(bars, labels_of(spread, zone), f"Mail opens by {spread.step.label}. {says}"),
        legend={verdict.value: WHO[verdict] for verdict in shown},
    )


def column_of(bucket: Bucket, step: Step, shown: list, zone: ZoneInfo) -> svg.Column:
    parts = {verdict.value: bucket.mail_opens[verdict] for verdict in shown}
    told = ", ".join(f"{number(value)} by {WHO[kind]}" for kind, value in parts.items() if value)
    return svg.Column(f"{name_of(bucket, step, zone)}: {told or 'none'}", parts)


def name_of(bucket: Bucket, step: Step, zone: ZoneInfo) -> str:
    local = bucket.at.astimezone(zone)
    if step is Step.WEEK:
        return f"the week from {date_format(local, 'Y-m-d')}"
    return date_format(local, "Y-m-d" if step is Step.DAY else "Y-m-d H:i")


def labels_of(spread: Spread, zone: ZoneInfo) -> list[tuple[int, str]]:
    """Below some of the bars: the first, the last, and those in between."""
    last = len(spread.buckets) - 1
    places = sorted(
        {0, last // 2, last} if last < 24 else {0, last // 4, last // 2, 3 * last // 4, last}
    )
    by_day = spread.step in (Step.DAY, Step.WEEK)
    within_a_day = spread.buckets[-1].at - spread.buckets[0].at < timedelta(hours=20)
    form = "Y-m-d" if by_day else "H:i" if within_a_day else "m-d H:i"
    return [
        (place, date_format(spread.buckets[place].at.astimezone(zone), form)) for place in places
    ]


def time_to_open(told: dict, spread: Spread, side: Side) -> Figure:
    found = spread.delays if side is Side.VERIFIED else spread.delays_raw
    delays = found[None]
    cells = [
        (Seconds(begin), None if (end := end_of(begin)) is None else Seconds(end), contacts)
        for begin, contacts in sorted(delays.items())
    ]
    figure = {
        "name": "time-to-open",
        "title": "Time to open",
        "columns": ("after", "before", "contacts that opened then for the first time"),
        "cells": cells,
    }
    if told["raw"]["contacts"] is None or not cells:
        anonymous = told["raw"]["contacts"] is None
        return Figure(**figure, empty=ANONYMOUS if anonymous else NOTHING_YET)
    p10, p50, p90 = (percentile(delays, share) for share in PERCENTILES.values())
    says = (
        f"Half of those who opened did within {duration(p50)}, nine tenths within {duration(p90)}."
    )
    ends = [
        value for own in found.values() for share in (0.1, 0.9) if (value := percentile(own, share))
    ]
    scale = scale_around(min([p10, *ends]), max([p90, *ends]))

    def place(seconds):
        low, high = log10(scale[0]), log10(scale[-1])
        return min(max((log10(max(seconds, 1)) - low) / (high - low), 0), 1)

    rows = [
        delay_row(named(group), found[group["id"]], group_class(number), scale, place)
        for number, group in enumerate(told["groups"])
        if found.get(group["id"])
    ]
    return Figure(
        **figure,
        says=says,
        rows=rows,
        foot=svg.scale_row([(tick, duration(tick)) for tick in scale], place),
        note="From when the mail was sent to its first opening. The dot: half had opened by then. "
        "The line: from a tenth to nine tenths.",
    )


def scale_around(low: float, high: float) -> list[int]:
    first = max([tick for tick in DELAYS[:-1] if tick <= low], default=DELAYS[0])
    last = min([tick for tick in DELAYS if tick >= high and tick > first], default=DELAYS[-1])
    return [tick for tick in DELAYS if first <= tick <= last]


def delay_row(name: str, delays, kind: str, scale, place) -> Row:
    p10, p50, p90 = (percentile(delays, share) for share in PERCENTILES.values())
    words = f"{name}: half within {duration(p50)}, from {duration(p10)} to {duration(p90)}"
    drawn = svg.dot(svg.Range(p50, p10, p90), scale, place, kind, words)
    return Row(name, drawn, duration(p50), f"{duration(p10)} to {duration(p90)}")


def week(told: dict, side: Side, zone: ZoneInfo) -> Figure:
    hours = told["weekday_hours"]
    found = (hours if side is Side.RAW else hours["verified"])["mail_opens"]
    cells = [(day, *found[place]) for place, day in enumerate(WEEKDAYS)]
    figure = {
        "name": "week",
        "title": "Weekday and hour",
        "columns": ("mail opens", *(f"{hour:02}" for hour in range(24))),
        "cells": cells,
    }
    most, day, hour = max(
        (value, -day, -hour) for day, own in enumerate(found) for hour, value in enumerate(own)
    )
    if not most:
        return Figure(**figure, empty=NOTHING_YET)
    opens = times(most, "mail open")
    says = f"Most on {WEEKDAYS[-day]}s from {-hour:02}:00 to {-hour + 1:02}:00: {opens}."
    return Figure(
        **figure,
        says=f"{zone.key} time. {says}",
        chart=svg.heat(
            found, "mail opens", f"Mail opens by weekday and hour, {zone.key} time. {says}"
        ),
    )
