"""The figures of a group, or of several together, as they are told."""

from collections import Counter, defaultdict
from itertools import pairwise

from tracking.confidence import wilson
from tracking.delay import BUCKETS
from tracking.models import Verdict
from tracking.statistics.question import Question
from tracking.statistics.reading import Dimension

ENDS = dict(pairwise(BUCKETS))  # of the buckets, by their beginnings; the last one has none
PERCENTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
RENDERED = ("top", "part", "complete")
VERIFIED = [verdict for verdict in Verdict if Verdict.verified(verdict)]


class Figures:
    def __init__(self, question: Question, by_contact: bool = True):
        self.question = question
        self.by_contact = by_contact  # whether it is known which contacts opened
        self.contacts = self.due = 0
        self.ever, self.ever_verified = 0, 0  # contacts that have opened, whatever the period
        self.opened = self.verified = 0  # in the period
        self.verdicts = defaultdict(Counter)  # verdict → measures
        self.series = defaultdict(Counter)  # begin of bucket → measures
        self.week = defaultdict(Counter)  # (weekday, hour) → measures
        self.traits = defaultdict(Counter)  # (dimension, value, verdict) → measures

    def add_time(self, verdict, moment, openings, mail_opens, opened, verified):
        """The sums of one hour, or a quarter of one, under one verdict."""
        self.opened += opened
        self.verified += verified
        if self.question.verdict not in ("", verdict):
            return
        numbers = {"openings": openings, "mail_opens": mail_opens}
        self.verdicts[verdict].update(numbers, contacts=opened)
        local = moment.astimezone(self.question.zone)
        self.series[self.question.begin_of_bucket(local)].update(numbers)
        self.week[local.weekday(), local.hour].update(numbers)

    def add_trait(self, dimension, value, verdict, openings, mail_opens, opened, verified):
        if self.question.verdict in ("", verdict):
            self.traits[dimension, value, verdict].update(
                openings=openings, mail_opens=mail_opens, contacts=opened, verified=verified
            )

    def include(self, other: "Figures"):
        for name in ("contacts", "due", "ever", "ever_verified", "opened", "verified"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("verdicts", "series", "week", "traits"):
            for key, numbers in getattr(other, name).items():
                getattr(self, name)[key].update(numbers)

    @property
    def all_due(self) -> int:
        """The counts are read before the contacts: whoever is counted as opened is due by then.
        Only a contact that is removed in between is missing there."""
        return max(self.due, self.ever, self.opened)

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
            "series": [
                {"at": at, "openings": numbers["openings"], "mail_opens": numbers["mail_opens"]}
                for at, numbers in sorted(self.series.items())
                if any(numbers.values())
            ],
            "weekday_hours": {
                measure: [[self.week[day, hour][measure] for hour in range(24)] for day in range(7)]
                for measure in ("openings", "mail_opens")
            },
            "clients": self.by_value(Dimension.CLIENT),
            "systems": self.by_value(Dimension.OS),
            "reasons": self.reasons(),
            "verdicts": [
                {"verdict": verdict.value, **self.measures(self.verdicts[verdict])}
                for verdict in Verdict
                if any(self.verdicts[verdict].values())
            ],
            "time_to_open": self.time_to_open(),
            "rendered": self.rendered(),
        }

    def with_total(self, measure: str) -> dict:
        by_verdict = {verdict.value: self.verdicts[verdict][measure] for verdict in Verdict}
        return {"total": sum(by_verdict.values()), **by_verdict}

    def side(self, verdicts: list[Verdict], opened: int) -> dict:
        """What is told raw and, beside it, verified."""
        low, high = wilson(opened, self.all_due if self.by_contact else 0)
        rate = opened / self.all_due if self.all_due and self.by_contact else None
        return {
            "openings": sum(self.verdicts[verdict]["openings"] for verdict in verdicts),
            "mail_opens": sum(self.verdicts[verdict]["mail_opens"] for verdict in verdicts),
            "contacts": opened if self.by_contact else None,
            "open_rate": {"value": rate, "low": low, "high": high},
        }

    def measures(self, numbers: Counter) -> dict:
        return {
            "openings": numbers["openings"],
            "mail_opens": numbers["mail_opens"],
            "contacts": numbers["contacts"] if self.by_contact else None,
        }

    def by_value(self, dimension: str) -> list[dict]:
        """The most openings first."""
        found = defaultdict(Counter)
        for (own, value, _), numbers in self.traits.items():
            if own == dimension and any(numbers.values()):
                found[value].update(numbers)
        rows = [{"name": value, **self.measures(numbers)} for value, numbers in found.items()]
        return sorted(rows, key=lambda row: (-row["openings"], row["name"]))

    def reasons(self) -> list[dict]:
        rows = [
            {"reason": value, "verdict": verdict, **self.measures(numbers)}
            for (dimension, value, verdict), numbers in self.traits.items()
            if dimension == Dimension.REASON and any(numbers.values())
        ]
        return sorted(rows, key=lambda row: (-row["openings"], row["reason"], row["verdict"]))

    def time_to_open(self) -> dict:
        """Of the first verified openings, or where a verdict is asked for, of the first of it."""
        measure = "contacts" if self.question.verdict == Verdict.MACHINE else "verified"
        delays = Counter()
        for (dimension, value, _), numbers in self.traits.items():
            if dimension == Dimension.DELAY and value and self.by_contact:
                delays[int(value)] += numbers[measure]
        return {name: percentile(delays, share) for name, share in PERCENTILES.items()}

    def rendered(self) -> dict:
        found = Counter()
        for (dimension, value, _), numbers in self.traits.items():
            if dimension == Dimension.RENDERED:
                found[value] += numbers["contacts"]
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
