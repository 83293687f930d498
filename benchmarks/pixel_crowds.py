"""What many connections cost, in words and figures."""

from collections.abc import Iterator
from statistics import median

from benchmarks.page_views_report import Verdict
from benchmarks.pixel_run import Crowd, ratio_of

LEAST = 0.85  # of the best that fewer connections have reached


def crowd_verdicts(crowds: list[Crowd]) -> Iterator[Verdict]:
    for place, crowd in enumerate(crowds[1:], start=1):
        best = max(crowds[:place], key=lambda fewer: fewer.found.rate)
        ratio = ratio_of(crowd.found, best.found)
        yield Verdict(
            ratio >= LEAST,
            f"{crowd.name}: {ratio:.2f} times what {best.connections} do (at least {LEAST})",
        )


def crowd_table(crowds: list[Crowd]) -> list[str]:
    lines = [
        "| connections | requests/s | µs of CPU | p50 ms | p99 ms | requests/s of the rounds |",
        "|---" * 6 + "|",
    ]
    for crowd in crowds:
        found = crowd.found
        figures = [f"{crowd.connections}", f"{found.rate:,.0f}", f"{median(found.cpu):.0f}"]
        figures += [f"{median(found.p50):.1f}", f"{median(found.p99):.1f}"]
        figures += [", ".join(f"{rate:,.0f}" for rate in found.rates)]
        lines.append(f"| {' | '.join(figures)} |")
    return lines
