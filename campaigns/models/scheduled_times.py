"""When contacts are scheduled, as figures need it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache

NOON = time(12)
LAST_MINUTE = "23:59"

ByTime = dict[datetime, int]  # contacts


@dataclass
class ScheduledTimes:
    """The contacts of groups, by their ids; and when those are scheduled that are due."""

    precise_from: date  # times of days before it are known by the day, and told as noon
    is_precise: bool = True  # whether there are no such days
    contacts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    due: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    times: dict[int, ByTime] = field(default_factory=lambda: defaultdict(dict))

    def add_day(self, group: int, day: date, contacts: int):
        self.contacts[group] += contacts
        if day < self.precise_from:
            self.times[group][datetime.combine(day, NOON, UTC)] = contacts
            self.is_precise = False
            self.due[group] += contacts

    def add_minutes(self, group: int, day: date, minutes: Mapping[str, int], last: str):
        """`minutes`: as in "07:15" → contacts; those up to the last one are due."""
        text, times, due = str(day), self.times[group], 0  # there may be thousands
        for minute, contacts in minutes.items():
            if minute <= last:
                times[moment_of(text, minute)] = contacts
                due += contacts
        self.due[group] += due
        # Some may have come since the days were read.
        self.contacts[group] = max(self.contacts[group], self.due[group])

    def precise(self, group: int) -> ByTime:
        """Those that are known to the minute."""
        begin = datetime.combine(self.precise_from, time.min, UTC)
        return {at: contacts for at, contacts in self.times[group].items() if at >= begin}


@lru_cache(maxsize=10_000)  # all groups have the same
def moment_of(day: str, minute: str) -> datetime:
    return datetime.fromisoformat(f"{day} {minute}").replace(tzinfo=UTC)
