"""The figures of a campaign that tell when, each as a chart with its table."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format

from tracking.models import Verdict
from tracking.panels import svg
from tracking.panels.charts import NOTHING_YET
from tracking.panels.figure import Figure
from tracking.panels.side import Side
from tracking.panels.words import number, times
from tracking.statistics.spread import Bucket, Spread, Step

WHO = {
    Verdict.HUMAN: "people",
    Verdict.PROXY: "proxies, on behalf of people",
    Verdict.MACHINE: "machines",
}
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
