from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.safestring import SafeString

from campaigns.table import Table
from tracking.panels.words import UNKNOWN, Seconds, duration, number, percent


@dataclass(frozen=True)
class Row:
    """A part of a chart that has a line of its own."""

    name: str
    chart: SafeString
    told: str
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A chart with its table. `name`: in the address of its file. `says`: the same in a sentence.
    `empty`: why there is none. `legend`: class → what has that colour. Cells are texts, whole
    numbers, shares (floats), Seconds, moments, or None where it is not known."""

    name: str
    title: str
    columns: tuple[str, ...]
    cells: list[tuple]
    says: str = ""
    chart: SafeString | str = ""
    rows: list[Row] = field(default_factory=list)
    foot: SafeString | str = ""
    legend: dict[str, str] = field(default_factory=dict)
    note: str = ""
    empty: str = ""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    wide: bool = False
    tall: bool = False  # as two that stand beside it

    @property
    def table(self) -> list[list[str]]:
        return [[told(cell, self.zone) for cell in row] for row in self.cells]


def told(cell, zone: ZoneInfo) -> str:
    match cell:
        case None:
            return UNKNOWN
        case Seconds():
            return duration(cell)
        case int():
            return number(cell)
        case float():
            return percent(cell)
        case datetime():
            return date_format(cell.astimezone(zone), "DATETIME_FORMAT")
    return cell


class FigureTable(Table):
    """The figure as a file."""

    def __init__(self, figure: Figure):
        self.figure, self.name, self.columns = figure, figure.name, figure.columns

    def chunks(self) -> Iterator[list[tuple]]:
        yield self.figure.cells
