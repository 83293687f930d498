"""Requests a second of each side as bars, in a picture that stands by itself."""

from statistics import median
from xml.sax.saxutils import escape, quoteattr

from benchmarks.pixel_run import Runner
from benchmarks.pixel_sides import PixelTrack

WIDTH, ROW, BAR, TOP, FOOT = 920, 34, 20, 52, 14
LEFT, RIGHT = 286, 260  # for the names, and for what is told behind the longest bar
LEAST_WIDE = 2  # of a bar, so that it is seen
# It follows what the reader has chosen, and brings its own ground: the page around it may not.
PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" \
height="{height}" role="img" aria-label={words}>
<style>
text {{ font: 13px system-ui, sans-serif; fill: #24292f; }}
.title {{ font-size: 15px; font-weight: 600; }}
.ground {{ fill: #ffffff; }}
.base {{ stroke: #8c959f; }}
.ours {{ fill: #0b6bcb; }}
.peer {{ fill: #8c959f; }}
.quiet {{ fill: #57606a; }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3; }}
.ground {{ fill: #0d1117; }}
.base {{ stroke: #7d8590; }}
.ours {{ fill: #58a6ff; }}
.peer {{ fill: #6e7681; }}
.quiet {{ fill: #9198a1; }}
}}
</style>
<rect class="ground" width="{width}" height="{height}"/>
<text class="title" x="16" y="30">{title}</text>
{rows}
<line class="base" x1="{left}" x2="{left}" y1="{top}" y2="{bottom}"/>
</svg>
"""
ROW_PARTS = """\
<text x="{name_x}" y="{text_y}" text-anchor="end">{name}</text>
<rect class="{kind}" x="{left}" y="{bar_y}" width="{wide:.1f}" height="{bar}"/>
<text x="{figure_x:.1f}" y="{text_y}">{rate:,.0f}\
<tspan class="quiet"> · p99 {p99} · {keeps}</tspan></text>"""
TITLE = "Pixels answered in a second by one core, p99, and what is kept of each"


def chart(runners: list[Runner]) -> str:
    """The fastest first."""
    ordered = sorted(runners, key=lambda runner: runner.found.rate, reverse=True)
    most = ordered[0].found.rate
    bottom = TOP + ROW * len(ordered)
    words = [f"{runner.name} {runner.found.rate:,.0f}" for runner in ordered]
    return PICTURE.format(
        width=WIDTH,
        height=bottom + FOOT,
        words=quoteattr(f"{TITLE}: {'; '.join(words)}".replace("`", "")),
        title=TITLE,
        rows="\n".join(row(place, runner, most) for place, runner in enumerate(ordered)),
        left=LEFT,
        top=TOP,
        bottom=bottom,
    )


def row(place: int, runner: Runner, most: float) -> str:
    wide = max((WIDTH - LEFT - RIGHT) * runner.found.rate / most, LEAST_WIDE)
    bar_y = TOP + ROW * place + (ROW - BAR) // 2
    return ROW_PARTS.format(
        name_x=LEFT - 10,
        name=escape(runner.name.replace("`", "")),
        kind="ours" if isinstance(runner.side, PixelTrack) else "peer",
        left=LEFT,
        bar_y=bar_y,
        wide=wide,
        bar=BAR,
        figure_x=LEFT + wide + 8,
        text_y=bar_y + 15,
        rate=runner.found.rate,
        p99=told(median(runner.found.p99)),
        keeps=escape(runner.side.keeps),
    )


def told(milliseconds: float) -> str:
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.{0 if milliseconds >= 10 else 1}f} ms"
