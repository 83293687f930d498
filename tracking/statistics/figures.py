"""The figures of a group, or of several together, as they are told."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from tracking.confidence import wilson
from tracking.delay import BUCKETS
from tracking.models import Verdict
from tracking.statistics.question import HOUR, Question
from tracking.statistics.reading import Dimension
from tracking.statistics.spans import Span
from tracking.statistics.sums import Numbers, Sums, add_to, rows_of, twice, verified_of

ENDS = dict(pairwise(BUCKETS))  # of the buckets, by their beginnings; the last one has none
PERCENTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
MOST_VALUES = 50  # clients or systems
OTHERS = "(others)"  # no client is called so
RENDERED = ("top", "part", "complete")
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
    """`span`: what is counted of the period; `ever`: measures of all days, whatever the period.
    Which contacts opened may not be known (`by_contact`)."""

    def __init__(self, question: Question, by_contact: bool, span: Span, ever: Iterable[Numbers]):
        self.question, self.by_contact, self.span = question, by_contact, span
        self.contacts = self.due = 0  # due by schedule
        self.early = self.early_verified = 0  # opened, though they are scheduled for later
        _, _, self.ever, self.ever_verified = total(ever)  # contacts that have opened
        _, _, self.opened, self.verified = total(span.verdicts.values())  # in the period

    def include_contacts(self, other: "Figures"):
        for name in ("contacts", "due", "early", "early_verified"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

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
        is_asked = self.question.verdict in ("", verdict)
        return (
            Measures._make(self.span.verdicts.get(verdict, NO_MEASURES))
            if is_asked
            else NO_MEASURES
        )

    def told(self, measures: Measures) -> dict:
        return {
            "openings": measures.openings,
            "mail_opens": measures.mail_opens,
            "contacts": measures.contacts if self.by_contact else None,
        }

    def series(self) -> list[dict]:
        """The buckets in which something was opened."""
        verdict = self.question.verdict
        days = [times for _, times in sorted(self.span.times.items())]
        if self.question.is_by_hour and self.question.bucket == HOUR:
            return [row for times in days for row in times.rows(verdict, self.by_contact)]
        found: Sums = {}
        for times in days:
            hours = times.hours.get(verdict, {}).items()
            add_to(found, ((self.question.begin_of_bucket(at), numbers) for at, numbers in hours))
        return list(rows_of(found, self.by_contact))

    def weekday_hours(self) -> dict:
        """Each number as seven lists of 24."""
        week = self.span.week
        hours = [[week.get((day, hour), NOT_ONCE) for hour in range(24)] for day in range(7)]
        return twice(
            [[[hour[place] for hour in day] for day in hours] for place in range(len(NOT_ONCE))],
            self.by_contact,
        )

    def of(self, dimension: str) -> Iterator[tuple[str, str, Measures]]:
        """(value, verdict, measures), without those that are all zeros."""
        asked = self.question.verdict
        for (value, verdict), numbers in self.span.traits.get(dimension, {}).items():
            if asked in ("", verdict) and any(numbers):
                if min(numbers) < 0:  # counted before an upgrade, until it is counted anew
                    numbers = [max(number, 0) for number in numbers]
                yield value, verdict, Measures._make(numbers)

    def by_value(self, dimension: str) -> list[dict]:
        """The most openings first; the sum of those that are too many comes last."""
        found: dict[str, Numbers] = {}
        for value, verdict, measures in self.of(dimension):
            add_to(found, [(value, measures[:3] + verified_of(verdict, measures))])
        rows = sorted(found.items(), key=lambda row: (-row[1][0], row[0]))
        rest: dict[str, Numbers] = {}
        add_to(rest, ((OTHERS, numbers) for _, numbers in rows[MOST_VALUES:]))
        rows = rows[:MOST_VALUES] + list(rest.items())
        return [{"name": value, **twice(numbers, self.by_contact)} for value, numbers in rows]

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


def total(measures: Iterable[Numbers]) -> Numbers:
    return tuple(map(sum, zip(NO_MEASURES, *measures, strict=True)))
