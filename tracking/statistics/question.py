"""What is asked of a campaign's statistics, once it is understood."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

HOUR, DAY = "hour", "day"


@dataclass(frozen=True)
class Question:
    """`begin`, `end`: openings from `begin` on, before `end`; None where there is no limit.
    `verdict`: those of this verdict only; empty for all."""

    begin: datetime | None = None
    end: datetime | None = None
    bucket: str = HOUR
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    verdict: str = ""

    def part_of(self, day: date) -> tuple[datetime, datetime] | None:
        """From when on, and before when, the period has anything of a day (UTC); None where it
        has nothing of it."""
        begin, end = limits_of(day)
        begin, end = max(begin, self.begin or begin), min(end, self.end or end)
        return (begin, end) if begin < end else None

    def has_whole(self, day: date) -> bool:
        return not (self.begin or self.end) or self.part_of(day) == limits_of(day)

    @property
    def is_by_hour(self) -> bool:
        """Whether the zone's hours are those of UTC, so that the database can sum them up."""
        return has_whole_hours(self.zone)

    def begin_of_bucket(self, moment: datetime) -> datetime:
        return begin_of_bucket(moment, self.bucket, self.zone)


@lru_cache(maxsize=10_000)  # all groups have the same
def begin_of_bucket(moment: datetime, bucket: str, zone: ZoneInfo) -> datetime:
    """In UTC, of the bucket of that zone."""
    local = moment.astimezone(zone)
    if bucket == DAY:
        return datetime.combine(local.date(), time.min, zone).astimezone(UTC)
    return local.replace(minute=0).astimezone(UTC)


def limits_of(day: date) -> tuple[datetime, datetime]:
    """When it begins and ends."""
    midnight = datetime.combine(day, time.min, UTC)
    return midnight, midnight + timedelta(days=1)


@cache
def has_whole_hours(zone: ZoneInfo) -> bool:
    """Whether the zone is whole hours from UTC, in all months in which mails may be opened."""
    months = (date(year, month, 1) for year in range(2000, 2050) for month in range(1, 13))
    offsets = (zone.utcoffset(datetime.combine(month, time.min)) for month in months)
    return all(offset % timedelta(hours=1) == timedelta() for offset in offsets)
