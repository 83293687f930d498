"""What so many openings a day need of machines, by arithmetic from what one of them costs."""

from dataclasses import dataclass
from math import ceil

from benchmarks.cost_run import TIERS, Cost

DAY_S, DAYS = 86_400, 30
PEAK = 5  # times the average: the busiest hour has a fifth of a day's openings
BUSY = 0.6  # of a core: what is used of it at the peak
FILTER_S = 61 * 60  # how long the filter remembers an opening
PAUSE_S = 600  # how long the stream can hold all without a consumer
LOG_DAYS = 7  # how long the binary log is kept
SCALES = (1_000_000, 100_000_000, 10_000_000_000)
UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True)
class Needs:
    """Of `daily` openings, each the first of its contact: the dearest ones."""

    daily: int
    average: float  # openings a second
    peak: float
    cores: dict[str, float]  # at the peak, by tier
    redis_memory: float  # bytes
    disk_daily: float  # bytes a day in the tables
    disk_monthly: float
    binary_log: float  # bytes
    network: float  # bits a second at the peak, out of NGINX


def needs(cost: Cost, daily: int) -> Needs:
    average = daily / DAY_S
    peak = average * PEAK
    per_row = cost.rows["openings"] + cost.rows["opened contacts"]
    return Needs(
        daily,
        average,
        peak,
        {tier: peak * cost.cpu[tier] / 1e6 / BUSY for tier in TIERS},
        peak * (FILTER_S * cost.redis_filter + PAUSE_S * cost.redis_stream),
        daily * per_row,
        daily * per_row * DAYS,
        daily * cost.binary_log * LOG_DAYS,
        peak * cost.answer * 8,
    )


def table(cost: Cost) -> list[str]:
    """Lines of Markdown; docs/operations.md has the same ones."""
    columns = [needs(cost, daily) for daily in SCALES]
    rows = [
        ("openings a second: average, peak", [f"{n.average:,.0f}, {n.peak:,.0f}" for n in columns]),
        *((f"cores: {tier}", [cores(n.cores[tier]) for n in columns]) for tier in TIERS),
        ("cores: all tiers", [cores(sum(n.cores.values())) for n in columns]),
        ("Redis' memory", [size(n.redis_memory) for n in columns]),
        ("tables, a day", [size(n.disk_daily) for n in columns]),
        ("tables, 30 days", [size(n.disk_monthly) for n in columns]),
        ("binary log, 7 days", [size(n.binary_log) for n in columns]),
        ("answers at the peak", [bits(n.network) for n in columns]),
    ]
    head = ["| openings a day | " + " | ".join(f"{n.daily:,}" for n in columns) + " |"]
    head.append("|---|" + "---|" * len(columns))
    return head + [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows]


def cores(number: float) -> str:
    return f"{number:.2f}" if number < 1 else f"{ceil(number):,}"


def size(number: float) -> str:
    place = 0
    while number >= 1000 and place < len(UNITS) - 1:
        number, place = number / 1000, place + 1
    return f"{number:.3g} {UNITS[place]}" if number < 1000 else f"{number:,.0f} {UNITS[place]}"


def bits(number: float) -> str:
    return f"{number / 1e6:,.1f} Mbit/s" if number < 1e9 else f"{number / 1e9:,.1f} Gbit/s"
