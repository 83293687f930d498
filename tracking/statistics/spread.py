"""How openings spread, for those who draw them: over time by verdict, and over the time that mails
waited to be opened."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

from tracking.models import Verdict
from tracking.statistics.days import Days, days_of, together
from tracking.statistics.figures import ENDS
from tracking.statistics.question import DAY, HOUR, Question, begin_of_bucket
from tracking.statistics.reading import Dimension
from tracking.statistics.spans import span_of
from tracking.statistics.sums import Sums, add_to

STILL_RUNS = timedelta(days=2)  # after its last opening, a campaign's time goes on for so long
NOTHING = (0,) * 6  # as in Times


class Step(Enum):
    """How long the buckets are, and up to which span: some hundred of them at most."""

    QUARTER = "quarter of an hour", timedelta(minutes=15), timedelta(hours=12)
    HOUR = "hour", timedelta(hours=1), timedelta(days=4)
    DAY = "day", timedelta(days=1), timedelta(days=120)
    WEEK = "week", timedelta(weeks=1), timedelta.max

    def __init__(self, label: str, length: timedelta, most: timedelta):
        self.label, self.length, self.most = label, length, most

    def begin(self, moment: datetime, question: Question) -> datetime:
        """Of the bucket in that zone that holds it."""
        return begin_of(self, moment, question.zone)

    def next(self, begin: datetime, question: Question) -> datetime:
        """When the bucket after that one begins. Days may have 23 hours, or 25."""
        if self in (Step.QUARTER, Step.HOUR):
            return begin + self.length
        return self.begin(begin + self.length * 1.2, question)


@lru_cache(maxsize=20_000)  # all groups and verdicts have the same, and pages ask every second
def begin_of(step: Step, moment: datetime, zone: ZoneInfo) -> datetime:
    match step:
        case Step.QUARTER:
            return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
        case Step.HOUR:
            return begin_of_bucket(whole_minutes(moment), HOUR, zone)
        case Step.DAY:
            return begin_of_bucket(moment, DAY, zone)
    local = moment.astimezone(zone).date()
    monday = local - timedelta(days=local.weekday())
    return datetime.combine(monday, time.min, zone).astimezone(UTC)


@dataclass(frozen=True)
class Bucket:
    """Openings and mail opens by verdict."""

    at: datetime
    openings: dict[str, int]
    mail_opens: dict[str, int]


@dataclass(frozen=True)
class Spread:
    """`buckets`: all of them, also those without openings, the first ones first. `delays`: group
    id, or None for all groups together → the second at which a bucket of delays begins → contacts;
    of verified first openings, and in `delays_raw` of all."""

    step: Step
    buckets: list[Bucket]
    delays: dict[int | None, Counter]
    delays_raw: dict[int | None, Counter]


def spread_of(groups: list[int], question: Question, now: datetime) -> Spread:
    """Of all that was counted of these groups. In one query where statistics were just told, and
    in up to three more where the openings are so new that quarters of an hour are shown."""
    days = days_of(groups, question.is_by_hour)
    whole = together(days, question.is_by_hour) if groups else {}
    step, begin, end = limits(whole, now)
    by_time = whole
    if step is Step.QUARTER and question.is_by_hour:
        by_time = together(days_of(groups, False), False)
    spans = {None: span_of(tuple(groups), whole, question)}
    spans |= {group: span_of((group,), own, question) for group, own in days.items()}
    delays = {key: delays_in(span.traits, 3) for key, span in spans.items()}
    raw = {key: delays_in(span.traits, 2) for key, span in spans.items()}
    return Spread(step, buckets(by_time, step, question, begin, end), delays, raw)


def limits(whole: Days, now: datetime) -> tuple[Step, datetime | None, datetime | None]:
    """How long buckets are best, and the moments of the first and of the last one."""
    moments = [at for counted in whole.values() for at in counted.times.hours[""]]
    if not moments:
        return Step.HOUR, None, None
    begin, last = min(moments), max(moments)
    end = max(last, now) if now - last < STILL_RUNS else last
    return next(step for step in Step if end - begin <= step.most), begin, end


def buckets(days: Days, step: Step, question: Question, begin, end) -> list[Bucket]:
    if begin is None:
        return []
    sums: dict[str, Sums] = {verdict: {} for verdict in Verdict.values}
    for counted in days.values():
        for verdict, found in sums.items():
            hours = counted.times.hours.get(verdict, {}).items()
            add_to(found, ((step.begin(at, question), numbers) for at, numbers in hours))
    # A clock may have been turned in between, so that what is counted is asked as well.
    begins = set().union(*sums.values())
    at, last = step.begin(begin, question), step.begin(end, question)
    while at <= last:
        begins.add(at)
        at = step.next(at, question)
    return [bucket(at, sums) for at in sorted(begins)]


def bucket(at: datetime, sums: dict[str, Sums]) -> Bucket:
    found = {verdict: own.get(at, NOTHING) for verdict, own in sums.items()}
    openings, mail_opens = ({v: numbers[place] for v, numbers in found.items()} for place in (0, 1))
    return Bucket(at, openings, mail_opens)


def whole_minutes(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def delays_in(traits, measure: int) -> Counter:
    found = Counter()
    for (value, _), numbers in traits.get(Dimension.DELAY, {}).items():
        if value and numbers[measure] > 0:
            found[int(value)] += numbers[measure]
    return found


def end_of(delay: int) -> int | None:
    """Where the bucket of delays that begins there ends; the last one has no end."""
    return ENDS.get(delay)
