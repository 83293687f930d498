"""The figures of a group, or of several together, as they are told."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tracking.confidence import wilson
from tracking.delay import BUCKETS
from tracking.models import Verdict
from tracking.statistics.days import Numbers, Times, add_to, verified_of
from tracking.statistics.question import HOUR, Question
from tracking.statistics.reading import Dimension

ENDS = dict(pairwise(BUCKETS))  # of the buckets, by their beginnings; the last one has none
PERCENTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
MOST_VALUES = 50  # clients or systems
OTHERS = "(others)"  # no client is called so
RENDERED = ("top", "part", "complete")
SUMMED_UP = ("contacts", "due", "early", "early_verified")
SUMMED_UP += ("ever", "ever_verified", "opened", "verified")
VERIFIED = [verdict for verdict in Verdict if Verdict.verified(verdict)]


class Measures(NamedTuple):
    """In the order in which they are counted, and as they are called where they are told."""

    openings: int = 0
    mail_opens: int = 0
    contacts: int = 0
    verified: int = 0  # contacts, by their first verified opening


NO_MEASURES = Measures()
NOT_ONCE = (0,) * 6  # as in Times


class Figures:
    def __init__(self, question: Question, by_contact: bool = True):
        self.question = question
        self.by_contact = by_contact  # whether it is known which contacts opened
        self.contacts = self.due = 0  # due by schedule
        self.early = self.early_verified = 0  # opened, though they are scheduled for later
        self.ever, self.ever_verified = 0, 0  # contacts that have opened, whatever the period
        self.opened = self.verified = 0  # in the period
        self.verdicts: dict[str, Numbers] = {}  # verdict → measures
        self.hours: dict[datetime, Numbers] = {}  # begin of it → as in Times
        self.traits: dict[tuple, Numbers] = {}  # (dimension, value, verdict) → measures

    def add_ever(self, times: Times):
        for _, _, opened, verified in times.verdicts.values():
            self.ever += opened
            self.ever_verified += verified

    def add_times(self, times: Times):
        """Of a day, or of a part of it, that was not added before."""
        asked = self.question.verdict
        for verdict, numbers in times.verdicts.items():
            measures = Measures(*numbers)
            self.opened += measures.contacts
            self.verified += measures.verified
            if asked in ("", verdict):
                add_to(self.verdicts, [(verdict, numbers)])
        self.hours.update(times.hours.get(asked, {}))

    def add_traits(self, traits: Mapping[tuple, Numbers]):
        if asked := self.question.verdict:
            traits = {key: numbers for key, numbers in traits.items() if key[-1] == asked}
        add_to(self.traits, traits.items())

    def include(self, other: "Figures"):
        for name in SUMMED_UP:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        add_to(self.verdicts, other.verdicts.items())
        add_to(self.hours, other.hours.items())
        add_to(self.traits, other.traits.items())

    @property
    def all_due(self) -> int:
        """The counts are read before the contacts: whoever is counted as opened is due by then.
        Only a contact that is removed in between is missing there."""
        return max(self.due + self.early, self.ever, self.opened)

    def as_dict(self) -> dict:
        raw, verified = self.side(list(Verdict), self.opened), self.side(VERIFIED, self.verified)
        return {
            "contacts": self.contacts,
            "due": self.all_due,
            "openings": self.with_total("openings"),
            "mail_opens": self.with_total("mail_opens"),
            "opened_contacts": {"any": raw["contacts"], "verified": verified["contacts"]},
            "open_rate": raw["open_rate"],
            "raw": raw,
            "verified": verified,
            "unknown": self.ever - self.ever_verified if self.by_contact else None,
            "series": self.series(),
            "weekday_hours": self.weekday_hours(),
            "clients": self.by_value(Dimension.CLIENT),
            "systems": self.by_value(Dimension.OS),
            "reasons": self.reasons(),
            "verdicts": [
                {"verdict": verdict.value, **self.told(self.measures(verdict))}
                for verdict in Verdict
                if any(self.measures(verdict)[:3])
            ],
            "time_to_open": self.time_to_open(),
            "rendered": self.rendered(self.first_told),
            "rendered_raw": self.rendered("contacts"),
        }

    def with_total(self, measure: str) -> dict:
        by_verdict = {
            verdict.value: getattr(self.measures(verdict), measure) for verdict in Verdict
        }
        return {"total": sum(by_verdict.values()), **by_verdict}

    def side(self, verdicts: list[Verdict], opened: int) -> dict:
        """What is told raw and, beside it, verified."""
        low, high = wilson(opened, self.all_due if self.by_contact else 0)
        rate = opened / self.all_due if self.all_due and self.by_contact else None
        measures = [self.measures(verdict) for verdict in verdicts]
        return {
            "openings": sum(each.openings for each in measures),
            "mail_opens": sum(each.mail_opens for each in measures),
            "contacts": opened if self.by_contact else None,
            "open_rate": {"value": rate, "low": low, "high": high},
        }

    def measures(self, verdict: str) -> Measures:
        return Measures(*self.verdicts.get(verdict, NO_MEASURES))

    def told(self, measures: Measures) -> dict:
        return {
            "openings": measures.openings,
            "mail_opens": measures.mail_opens,
            "contacts": measures.contacts if self.by_contact else None,
        }

    def series(self) -> list[dict]:
        """The buckets in which something was opened."""
        found: dict[datetime, tuple] = {}
        if self.question.is_by_hour and self.question.bucket == HOUR:
            found = self.hours
        else:
            for at, numbers in self.hours.items():
                local = at.astimezone(self.question.zone)
                add_to(found, [(self.question.begin_of_bucket(local), numbers)])
        return [
            {"at": as_told(at), **self.twice(numbers)}
            for at, numbers in sorted(found.items())
            if any(numbers)
        ]

    def twice(self, numbers: Numbers) -> dict:
        """`numbers`: openings, mail opens and contacts, and the same three verified."""
        openings, mail_opens, contacts, v_openings, v_mail_opens, v_contacts = numbers
        return {
            "openings": openings,
            "mail_opens": mail_opens,
            "contacts": contacts if self.by_contact else None,
            "verified": {
                "openings": v_openings,
                "mail_opens": v_mail_opens,
                "contacts": v_contacts if self.by_contact else None,
            },
        }

    def weekday_hours(self) -> dict:
        """Each number as seven lists of 24."""
        sums: dict[tuple[int, int], Numbers] = {}
        zone = self.question.zone
        add_to(sums, ((weekday_and_hour(at, zone), numbers) for at, numbers in self.hours.items()))
        week = [[sums.get((day, hour), NOT_ONCE) for hour in range(24)] for day in range(7)]
        return self.twice(
            [[[hour[place] for hour in day] for day in week] for place in range(len(NOT_ONCE))]
        )

    def of(self, dimension: str) -> Iterator[tuple[str, str, Measures]]:
        """(value, verdict, measures), without those that are all zeros."""
        for (own, value, verdict), numbers in self.traits.items():
            if own == dimension and any(numbers):
                # Below 0 is what was counted before an upgrade, until it is counted anew.
                yield value, verdict, Measures(*(number if number > 0 else 0 for number in numbers))

    def by_value(self, dimension: str) -> list[dict]:
        """The most openings first; the sum of those that are too many comes last."""
        found: dict[str, Numbers] = {}
        for value, verdict, measures in self.of(dimension):
            add_to(found, [(value, measures[:3] + verified_of(verdict, measures))])
        rows = sorted(found.items(), key=lambda row: (-row[1][0], row[0]))
        rest: dict[str, Numbers] = {}
        add_to(rest, ((OTHERS, numbers) for _, numbers in rows[MOST_VALUES:]))
        rows = rows[:MOST_VALUES] + list(rest.items())
        return [{"name": value, **self.twice(numbers)} for value, numbers in rows]

    def reasons(self) -> list[dict]:
        rows = [
            {"reason": value, "verdict": verdict, **self.told(measures)}
            for value, verdict, measures in self.of(Dimension.REASON)
        ]
        return sorted(rows, key=lambda row: (-row["openings"], row["reason"], row["verdict"]))

    @property
    def first_told(self) -> str:
        """Which first openings time to open and rendered are told of: the verified ones, or where
        a verdict is asked for, those of it."""
        return "contacts" if self.question.verdict == Verdict.MACHINE else "verified"

    def time_to_open(self) -> dict:
        delays = Counter()
        for value, _, measures in self.of(Dimension.DELAY):
            if value and self.by_contact:
                delays[int(value)] += getattr(measures, self.first_told)
        return {name: percentile(delays, share) for name, share in PERCENTILES.items()}

    def rendered(self, measure: str) -> dict:
        found = Counter()
        for value, _, measures in self.of(Dimension.RENDERED):
            found[value] += getattr(measures, measure)
        return {value: found[value] if self.by_contact else None for value in RENDERED}


def percentile(delays: Counter, share: float) -> float | None:
    """How many seconds such a share was opened in, as if those of a bucket were spread evenly."""
    wanted, passed = share * delays.total(), 0
    for begin, number in sorted(delays.items()):
        if number and passed + number >= wanted:
            width = ENDS.get(begin, begin) - begin
            return round(begin + (wanted - passed) / number * width, 1)
        passed += number
    return None


@lru_cache(maxsize=10_000)  # all groups have the same
def as_told(moment: datetime) -> str:
    """As the API tells times."""
    return moment.isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=10_000)
def weekday_and_hour(moment: datetime, zone: ZoneInfo) -> tuple[int, int]:
    local = moment.astimezone(zone)
    return local.weekday(), local.hour
