"""Charts in SVG. Places across are percents of the page's width, so that letters keep their size;
heights are pixels. Colours come from the page, by class (tracking/static/tracking/panels.css)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tracking.panels.words import number

SPARK_BAR, SPARK_STEP, SPARK_HEIGHT = 4, 5, 24
# The bar that comes last is another one, for its time isn't over yet.
SPARK = (
    '<svg class="spark" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img"'
    ' aria-label="{words}"><title>{words}</title>'
    '<path class="spark-base" d="M0 {height}h{width}"/><path d="{past}"/>'
    '<path class="spark-now" d="{now}"/></svg>'
)
BARS_HEIGHT, BARS_FOOT, LEAST_TALL = 180, 22, 1.5
BARS_LEFT = 4.0  # percent of the width, for the numbers of the scale
DOTS_HEIGHT = 28


def spark(values: Sequence[int], words: str) -> SafeString:
    """Small bars without letters. `words`: the same for those who don't see it."""
    most = max(values, default=0)
    bars = [spark_bar(place, value, most) for place, value in enumerate(values)]
    return format_html(
        SPARK,
        width=SPARK_STEP * len(bars) - 1,
        height=SPARK_HEIGHT,
        words=words,
        past="".join(bars[:-1]),
        now=bars[-1],
    )


def spark_bar(place: int, value: int, most: int) -> str:
    if not value:
        return ""
    tall = max(1, round(SPARK_HEIGHT * value / most, 1))  # a few are seen beside many
    return f"M{place * SPARK_STEP} {SPARK_HEIGHT}v-{tall:g}h{SPARK_BAR}v{tall:g}z"


def chart(height: int, words: str, *parts: str) -> SafeString:
    return format_html(
        '<svg class="chart" width="100%" height="{}" role="img" aria-label="{}">{}</svg>',
        height,
        words,
        joined(parts),
    )


def joined(parts: Iterable[str]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def text(x: float, y: float, words: str, anchor: str = "middle", kind: str = "") -> SafeString:
    template = '<text class="{}" x="{}%" y="{}" text-anchor="{}">{}</text>'
    return format_html(template, kind, f"{x:.2f}", f"{y:g}", anchor, words)


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "grid") -> SafeString:
    template = '<line class="{}" x1="{}%" y1="{}" x2="{}%" y2="{}"/>'
    return format_html(template, kind, f"{x1:.2f}", f"{y1:g}", f"{x2:.2f}", f"{y2:g}")


def rect(x: float, y: float, width: float, height: float, kind: str, more: str = "") -> SafeString:
    return format_html(
        '<rect class="{}" x="{}%" y="{}" width="{}%" height="{}"{}/>',
        kind,
        f"{x:.2f}",
        f"{y:.1f}",
        f"{max(width, 0):.2f}",
        f"{height:.1f}",
        more,
    )


@dataclass(frozen=True)
class Column:
    """Bars on top of each other. `parts`: class → number, from below; `words`: what they show."""

    words: str
    parts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.parts.values())


def bars(columns: list[Column], labels: list[tuple[int, str]], words: str) -> SafeString:
    """Columns with a scale. `labels`: what stands below the column at that place; every second one
    is left out where there is no room."""
    scale = ticks(0, max(column.total for column in columns))
    unit = (BARS_HEIGHT - 18) / scale[-1]  # pixels; above the bars there is room for letters
    step = (100 - BARS_LEFT) / len(columns)
    heights = [(BARS_HEIGHT - tick * unit, number(tick)) for tick in scale]
    return chart(
        BARS_HEIGHT + BARS_FOOT,
        words,
        *(line(0, y, 100, y) for y, _ in heights),
        *(stack(each, BARS_LEFT + at * step, step, unit) for at, each in enumerate(columns)),
        *(text(0, y - 4, told, "start") for y, told in heights[1:]),
        *(
            foot(BARS_LEFT + (at + 0.5) * step, label, "minor" if turn % 2 else "")
            for turn, (at, label) in enumerate(labels)
        ),
    )


def stack(column: Column, x: float, step: float, unit: float) -> SafeString:
    parts, y = [], float(BARS_HEIGHT)
    for kind, value in column.parts.items():
        if value:
            tall = max(value * unit, LEAST_TALL)
            y -= tall
            parts.append(rect(x + step * 0.08, y, step * 0.84, tall, kind))
    if not parts:
        return SafeString("")
    return format_html("<g><title>{}</title>{}</g>", column.words, joined(parts))


def foot(x: float, words: str, kind: str) -> SafeString:
    anchor = "start" if x < 12 else "end" if x > 92 else "middle"
    at = BARS_LEFT if anchor == "start" else 100 if anchor == "end" else x
    return text(at, BARS_HEIGHT + 16, words, anchor, kind)


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, on a scale from `first` to `last`, with a dot at `value`."""

    value: float
    low: float
    high: float


def dot(shown: Range, scale: list[float], place, kind: str, words: str) -> SafeString:
    """One row. `place`: where on the scale a value is, from 0 to 1."""
    low, at, high = (100 * place(each) for each in (shown.low, shown.value, shown.high))
    middle = DOTS_HEIGHT / 2
    return chart(
        DOTS_HEIGHT,
        words,
        *(line(100 * place(tick), 0, 100 * place(tick), DOTS_HEIGHT) for tick in scale),
        format_html(
            '<g class="{}">{}{}{}<circle cx="{}%" cy="{}" r="6"/></g>',
            kind,
            line(low, middle, high, middle, "interval"),
            line(low, middle - 5, low, middle + 5, "interval"),
            line(high, middle - 5, high, middle + 5, "interval"),
            f"{at:.2f}",
            middle,
        ),
    )


def scale_row(scale: list[tuple[float, str]], place) -> SafeString:
    """The numbers below rows of dots."""
    return format_html(
        '<svg class="chart" width="100%" height="18" aria-hidden="true">{}</svg>',
        joined(
            text(
                100 * place(tick),
                13,
                label,
                "start" if place(tick) < 0.04 else "end" if place(tick) > 0.96 else "middle",
            )
            for tick, label in scale
        ),
    )


def share(parts: dict[str, int], words: str, height: int = 18) -> SafeString:
    """One bar, cut into parts. `parts`: class → number."""
    total, x, pieces = sum(parts.values()) or 1, 0.0, []
    for kind, value in parts.items():
        width = 100 * value / total
        pieces.append(rect(x, 0, width, height, kind))
        x += width
    return chart(height, words, *pieces)


def length(value: int, most: int, words: str, height: int = 12) -> SafeString:
    """One bar, beside others."""
    return chart(height, words, rect(0, 0, 100 * value / (most or 1), height, "plain"))


WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HEAT_ROW, HEAT_LEFT = 22, 10.0  # pixels; percent of the width for the names of the days


def heat(week: list[list[int]], one: str, words: str) -> SafeString:
    """Seven days of 24 hours, the darker the more. `one`: what is counted."""
    most = max(map(max, week)) or 1
    step = (100 - HEAT_LEFT) / 24
    cells = []
    for day, hours in enumerate(week):
        y = day * HEAT_ROW
        cells.append(text(0, y + 15, WEEKDAYS[day], "start"))
        for hour, value in enumerate(hours):
            x = HEAT_LEFT + hour * step
            cells.append(rect(x, y + 1, step - 0.3, HEAT_ROW - 2, "cell"))
            if value:
                opacity = format_html(' fill-opacity="{}"', f"{0.15 + 0.85 * value / most:.2f}")
                title = f"{WEEKDAYS[day]} {hour:02}:00 to {hour + 1:02}:00: {number(value)} {one}"
                hot = rect(x, y + 1, step - 0.3, HEAT_ROW - 2, "hot", opacity)
                cells.append(format_html("<g><title>{}</title>{}</g>", title, hot))
    below = 7 * HEAT_ROW + 15
    hours = [text(HEAT_LEFT + at * step, below, f"{at:02}", "start") for at in range(0, 24, 6)]
    return chart(below + 5, words, *cells, *hours)


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round numbers, from at most `low` to at least `high`. Of whole numbers, whole ones."""
    width = max(high - low, 1 if isinstance(high, int) else 1e-9) / most
    power = 10 ** floor(log10(width))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= width * 0.999)
    if isinstance(high, int):
        step = max(1, round(step))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [each * step for each in range(first, max(last, first + 1) + 1)]
