"""What is asked of a campaign's statistics, once it is understood."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
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

    @property
    def has_period(self) -> bool:
        return bool(self.begin or self.end)

    def quarters(self) -> dict:
        """A condition on the counts by quarter of an hour, which belong where they begin."""
        limits = {"quarter__gte": self.begin, "quarter__lt": self.end}
        return {name: moment for name, moment in limits.items() if moment}

    def days(self) -> dict:
        """A condition on the counts by day (UTC): those that the period touches."""
        first = self.begin and self.begin.astimezone(UTC).date()
        last = self.end and (self.end.astimezone(UTC) - timedelta(microseconds=1)).date()
        return {
            name: day for name, day in (("day__gte", first), ("day__lte", last)) if day is not None
        }

    @property
    def is_by_hour(self) -> bool:
        """Whether the zone's hours are those of UTC, so that the database can sum them up."""
        return has_whole_hours(self.zone)

    def begin_of_bucket(self, local: datetime) -> datetime:
        """In UTC; `local` is in the zone."""
        if self.bucket == DAY:
            return datetime.combine(local.date(), time.min, self.zone).astimezone(UTC)
        return local.replace(minute=0).astimezone(UTC)


@cache
def has_whole_hours(zone: ZoneInfo) -> bool:
    """Whether the zone is whole hours from UTC, in all months in which mails may be opened."""
    months = (date(year, month, 1) for year in range(2000, 2050) for month in range(1, 13))
    offsets = (zone.utcoffset(datetime.combine(month, time.min)) for month in months)
    return all(offset % timedelta(hours=1) == timedelta() for offset in offsets)
