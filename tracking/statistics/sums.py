"""What is counted, summed up by time and by trait."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from operator import add, neg
from typing import Any
from zoneinfo import ZoneInfo

from tracking.models import Verdict

Numbers = tuple[int, ...]  # one for each of the measures
Sums = dict[Any, Numbers]
Traits = dict[str, Sums]  # dimension → (value, verdict) → measures


def add_to(sums: Sums, more: Iterable[tuple[Any, Numbers]]):
    """These are tens of thousands: a Counter for each would take as long as all else together."""
    for key, numbers in more:
        before = sums.get(key)
        sums[key] = tuple(map(add, before, numbers)) if before else numbers


def take_from(sums: Sums, less: Iterable[tuple[Any, Numbers]]):
    add_to(sums, ((key, tuple(map(neg, numbers))) for key, numbers in less))


def verified_of(verdict: str, numbers: Numbers) -> Numbers:
    """Openings, mail opens and contacts, verified."""
    openings, mail_opens, _, verified = numbers
    return (openings, mail_opens, verified) if Verdict.verified(verdict) else (0, 0, verified)


@dataclass
class Times:
    """Sums of a day, or of a part of it."""

    verdicts: Sums = field(default_factory=dict)  # verdict → measures
    # Verdict, and "" for all of them → begin of an hour, or of a quarter of one → openings, mail
    # opens and contacts, and the same three verified.
    hours: dict[str, Sums] = field(default_factory=lambda: defaultdict(dict))
    # What `rows` has made: that takes longer than all else that an answer needs.
    _rows: dict[tuple[str, bool], list[dict]] = field(default_factory=dict)

    def add(self, verdict: str, moment: datetime, numbers: Numbers):
        add_to(self.verdicts, [(verdict, numbers)])
        told = numbers[:3] + verified_of(verdict, numbers)
        add_to(self.hours[""], [(moment, told)])
        self.hours[verdict][moment] = told

    def include(self, other: "Times"):
        add_to(self.verdicts, other.verdicts.items())
        for verdict, hours in other.hours.items():
            add_to(self.hours[verdict], hours.items())

    def rows(self, verdict: str, by_contact: bool) -> list[dict]:
        """Its hours as they are told. They are kept, so that nobody may change them."""
        key = verdict, by_contact
        if key not in self._rows:
            self._rows[key] = list(rows_of(self.hours.get(verdict, {}), by_contact))
        return self._rows[key]

    def week(self, verdict: str, zone: ZoneInfo) -> Iterable[tuple[tuple[int, int], Numbers]]:
        """(weekday and hour in the zone, as in `hours`)"""
        hours = self.hours.get(verdict, {})
        return ((weekday_and_hour(at, zone), numbers) for at, numbers in hours.items())


def rows_of(sums: Mapping[datetime, Numbers], by_contact: bool) -> Iterable[dict]:
    """Those in which there is something, the first ones first."""
    for at, numbers in sorted(sums.items()):
        if any(numbers):
            yield {"at": as_told(at), **twice(numbers, by_contact)}


def twice(numbers: Iterable, by_contact: bool) -> dict:
    """`numbers`: openings, mail opens and contacts, and the same three verified."""
    openings, mail_opens, contacts, v_openings, v_mail_opens, v_contacts = numbers
    return {
        "openings": openings,
        "mail_opens": mail_opens,
        "contacts": contacts if by_contact else None,
        "verified": {
            "openings": v_openings,
            "mail_opens": v_mail_opens,
            "contacts": v_contacts if by_contact else None,
        },
    }


@lru_cache(maxsize=10_000)  # all groups have the same
def as_told(moment: datetime) -> str:
    """As the API tells times."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=10_000)
def weekday_and_hour(moment: datetime, zone: ZoneInfo) -> tuple[int, int]:
    local = moment.astimezone(zone)
    return local.weekday(), local.hour
