"""What is wrong with this installation, and what to do: by the numbers and limits of the alerts in
monitoring/prometheus/rules.yml."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db import Error as DatabaseError
from prometheus_client.core import GaugeMetricFamily
from redis import RedisError

from tracking.backlog import stream_backlog
from tracking.host import host_numbers
from tracking.kept_numbers import kept_numbers
from tracking.panels.words import duration, number, times
from tracking.verdict_data_age import verdict_data_age

LATE_S = 30
OLD_S = 180 * 86_400

Ask = Callable[[], Iterable[GaugeMetricFamily]]


@dataclass(frozen=True)
class Trouble:
    """`means`: for those who read figures; `do`: for those who run PixelTrack. `page`: the name of
    a page of the admin that helps."""

    title: str
    means: str
    do: str
    page: str = ""


def troubles() -> Iterator[Trouble]:
    """The worst first."""
    yield from troubles_of(stream_backlog, waiting_hits, redis_away)
    yield from troubles_of(host_numbers, disk, spool_away)
    yield from troubles_of(kept_numbers, kept)
    yield from troubles_of(verdict_data_age, verdict_data)


def troubles_of(ask: Ask, judge, away: Callable[[], Trouble] | None = None) -> list[Trouble]:
    """`judge`: is given the largest number of each name, and yields what is wrong with them."""
    try:
        families = list(ask())
    except (RedisError, OSError, DatabaseError):
        return [away()] if away else []
    return list(
        judge(
            {
                family.name.removeprefix("pixeltrack_"): max(each.value for each in family.samples)
                for family in families
                if family.samples
            }
        )
    )


def redis_away() -> Trouble:
    return Trouble(
        "Redis does not answer",
        "Hits go straight to the database, or wait on disk. None is lost; figures may be late.",
        "Start Redis, or see why it fails: its log says so. GET /readyz tells when it is back.",
    )


def spool_away() -> Trouble:
    return Trouble(
        "The spool can't be read",
        "If Redis and the database fail as well, hits are lost.",
        "Make the folder spool in PIXEL_VAR_DIR readable and writable for PixelTrack.",
    )


def waiting_hits(numbers: dict[str, float]) -> Iterator[Trouble]:
    if numbers["stream_lag_seconds"] > LATE_S:
        waits = duration(numbers["stream_lag_seconds"])
        entries = times(round(numbers["stream_entries"]), "entry", "entries")
        yield Trouble(
            "Hits wait to be recorded",
            f"Figures are {waits} late. Nothing is lost.",
            f"See whether the consumer runs, and its log; {entries} wait in the stream. "
            "Where it runs and can't keep up, start another one.",
        )


def disk(numbers: dict[str, float]) -> Iterator[Trouble]:
    if numbers["disk_free_bytes"] < numbers["disk_reserve_bytes"]:
        yield Trouble(
            "The disk is nearly full",
            "Once it is full, hits that no store takes are lost.",
            f"Free some space where PIXEL_VAR_DIR is: {megabytes(numbers['disk_free_bytes'])} are "
            "left.",
        )
    if waits := numbers["spool_bytes"]:
        yield Trouble(
            "Hits wait on disk",
            "Redis and the database did not take them. They count as soon as they are replayed.",
            f"{megabytes(waits)} wait in the folder spool. See whether Redis, the database and a "
            "consumer on this machine run: it replays them by itself.",
        )


def kept(numbers: dict[str, float]) -> Iterator[Trouble]:
    if drift := round(numbers["counts_drift"]):
        yield Trouble(
            "Figures differ from the openings",
            f"Of the days that were looked at, by {number(drift)} in all.",
            "Run manage.py rebuild_counts, which mends them, and report it: this is a fault.",
        )
    if hits := round(numbers["quarantined_hits"]):
        yield Trouble(
            f"{times(hits, 'hit')} can't be recorded",
            "They are kept, and missing in the figures.",
            "Look at the reasons, and replay them when the cause is mended.",
            "admin:tracking_quarantinedhit_changelist",
        )


def verdict_data(numbers: dict[str, float]) -> Iterator[Trouble]:
    age = numbers["verdict_data_age_seconds"]
    if age > OLD_S:
        yield Trouble(
            "The data that tells people from machines is old",
            f"Nobody has looked after it for {number(age // 86_400)} days. New scanners and "
            "proxies are not known by it, and count as people.",
            "Run manage.py update_verdict_data.",
        )


def megabytes(size: float) -> str:
    return f"{number(size / 2**20, 1)} MB"
