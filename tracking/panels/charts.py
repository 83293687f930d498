"""The figures of a campaign's groups and clients, each as a chart with its table. `told`: as
statistics_of tells it."""

from tracking.panels import svg
from tracking.panels.figure import Figure, Row
from tracking.panels.side import Side
from tracking.panels.words import between, number, percent
from tracking.statistics.figures import OTHERS

ANONYMOUS = "The campaign is anonymous: which contacts opened is not known."
NOTHING_YET = "Nothing was opened yet."
CLIENTS_SHOWN = 8
HOW_FULLY = {"complete": "complete", "part": "a part", "top": "the top only"}


def group_class(place: int) -> str:
    return f"group-{place % 4 + 1}"


def named(group: dict) -> str:
    return f"{group['name']} (control)" if group["is_control"] else group["name"]


def groups_compared(told: dict, side: Side) -> Figure:
    groups = told["groups"]
    cells = [
        (
            named(group),
            group["contacts"],
            group["due"],
            group[side]["contacts"],
            group[side]["open_rate"]["value"],
            group[side]["open_rate"]["low"],
            group[side]["open_rate"]["high"],
            group[side]["mail_opens"],
            group[side]["openings"],
        )
        for group in groups
    ]
    columns = (
        "group",
        "contacts",
        "due",
        "opened",
        "open rate",
        "from",
        "to",
        "mail opens",
        "openings",
    )
    known = [rate for group in groups if (rate := group[side]["open_rate"])["value"] is not None]
    empty = ANONYMOUS if told["raw"]["contacts"] is None else "" if known else "No mail is due yet."
    figure = {"name": "groups", "title": "Open rate by group", "columns": columns, "cells": cells}
    if empty:
        return Figure(**figure, empty=empty, wide=True)
    scale = svg.ticks(min(rate["low"] for rate in known), max(rate["high"] for rate in known), 5)

    def place(rate):
        return (rate - scale[0]) / (scale[-1] - scale[0])

    rows = [
        rate_row(group, group[side], group_class(number), scale, place)
        for number, group in enumerate(groups)
    ]
    labels = [
        (tick, f"{number(100 * tick, 0 if scale[1] - scale[0] >= 0.01 else 1)} %") for tick in scale
    ]
    return Figure(
        **figure,
        rows=rows,
        foot=svg.scale_row(labels, place),
        note="The line is the 95 % interval of each rate by itself. Which group is better is said "
        "above: that comparison holds however often you look.",
        wide=True,
    )


def rate_row(group: dict, side: dict, kind: str, scale, place) -> Row:
    rate = side["open_rate"]
    if rate["value"] is None:
        return Row(named(group), "", "no mail is due yet")
    told, interval = percent(rate["value"]), between(rate["low"], rate["high"])
    shown = svg.Range(rate["value"], rate["low"], rate["high"])
    words = f"{named(group)}: {told}, 95 % interval {interval}"
    of = f"{number(side['contacts'])} of {number(group['due'])}"
    return Row(named(group), svg.dot(shown, scale, place, kind, words), told, f"{interval}, {of}")


def rendering(told: dict, side: Side) -> Figure:
    key = "rendered" if side is Side.VERIFIED else "rendered_raw"
    cells = [(named(group), *(group[key][how] for how in HOW_FULLY)) for group in told["groups"]]
    figure = {
        "name": "rendering",
        "title": "How much was shown",
        "columns": ("group", *HOW_FULLY.values()),
        "cells": cells,
    }
    if told["raw"]["contacts"] is None:
        return Figure(**figure, empty=ANONYMOUS)
    if not any(told[key].values()):
        return Figure(**figure, empty=NOTHING_YET)
    rows = []
    for group in told["groups"]:
        parts = {how: group[key][how] for how in HOW_FULLY}
        if total := sum(parts.values()):
            words = ", ".join(f"{HOW_FULLY[how]}: {number(value)}" for how, value in parts.items())
            rows.append(
                Row(
                    named(group),
                    svg.share(parts, f"{named(group)}. {words}"),
                    percent(parts["complete"] / total),
                    words,
                )
            )
    return Figure(
        **figure,
        rows=rows,
        legend=HOW_FULLY,
        note="Contacts by which of the pixels in the mail were fetched.",
    )


def clients(told: dict, side: Side) -> Figure:
    found = [
        (name_of_client(row), row if side is Side.RAW else row["verified"])
        for row in told["clients"]
    ]
    found = sorted(
        ((name, own) for name, own in found if own["openings"]),
        key=lambda row: (row[0] == OTHERS, -row[1]["openings"]),
    )
    cells = [(name, own["openings"], own["mail_opens"], own["contacts"]) for name, own in found]
    figure = {
        "name": "clients",
        "title": "Mail clients",
        "columns": ("client", "openings", "mail opens", "contacts, at their first opening"),
        "cells": cells,
    }
    if not cells:
        return Figure(**figure, empty=NOTHING_YET)
    most, total = max(row[1] for row in cells), sum(row[1] for row in cells)
    rows = [
        Row(
            name,
            svg.length(count, most, f"{name}: {number(count)}"),
            number(count),
            percent(count / total),
        )
        for name, count, *_ in cells[:CLIENTS_SHOWN]
    ]
    rest = len(cells) - len(rows)
    return Figure(
        **figure,
        says="By openings.",
        rows=rows,
        note=f"{number(rest)} more are in the table." if rest else "",
    )


def name_of_client(row: dict) -> str:
    return row["name"] or "not known"
