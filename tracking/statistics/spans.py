"""What is counted of several days of a group, or of all groups together, summed up."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from tracking.statistics import days as days_kept
from tracking.statistics.days import Days
from tracking.statistics.question import Question
from tracking.statistics.sums import Sums, Times, Traits, add_to, take_from

MOST_KEPT = 100  # some 10 MB of a process, beside the days


@dataclass
class Span:
    """Sums over days. `times`: what of each day is in them. `verdict`: what the week is told of;
    empty for all."""

    verdict: str
    zone: ZoneInfo
    times: dict[date, Times] = field(default_factory=dict)
    verdicts: Sums = field(default_factory=dict)
    week: Sums = field(default_factory=dict)  # (weekday, hour) → as in Times
    traits: Traits = field(default_factory=lambda: defaultdict(dict))

    def add(self, day: date, times: Times, traits: Traits):
        self.times[day] = times
        self._change(add_to, times, traits)

    def take(self, day: date, traits: Traits):
        self._change(take_from, self.times.pop(day), traits)

    def _change(self, change, times: Times, traits: Traits):
        change(self.verdicts, times.verdicts.items())
        change(self.week, times.week(self.verdict, self.zone))
        for dimension, sums in traits.items():
            change(self.traits[dimension], sums.items())

    def copy(self) -> "Span":
        traits = defaultdict(dict, {name: dict(sums) for name, sums in self.traits.items()})
        mine = (dict(each) for each in (self.times, self.verdicts, self.week))
        return Span(self.verdict, self.zone, *mine, traits)


def span_of(groups: tuple[int, ...], days: Days, question: Question) -> Span:
    """Of whole days. It is kept as well, and brought up to date by the days that are others than
    before: to add up a month would take longer than all else that an answer needs. Nobody but
    this function may change what it returns."""
    hours = question.is_by_hour, question.verdict, question.zone
    key, spans = (groups, hours, min(days, default=None)), days_kept.kept.made
    nothing = {}, Span(question.verdict, question.zone)
    before, span = spans.get(key, nothing)
    changed = [day for day in before.keys() | days.keys() if before.get(day) is not days.get(day)]
    if not changed:
        return span
    if len(changed) > len(days) / 2:
        (before, span), changed = nothing, days
    else:
        span = span.copy()  # another thread may be telling what is kept
    for day in changed:
        if day in before:
            span.take(day, before[day].traits)
        if day in days:
            span.add(day, days[day].times, days[day].traits)
    if len(spans) >= MOST_KEPT:
        spans.clear()
    spans[key] = days, span
    return span


def with_parts(span: Span, parts: dict[date, Times], days: Days) -> Span:
    """With days besides of which only a part is asked for; their traits are known by the day."""
    if parts:
        span = span.copy()
    for day, times in parts.items():
        span.add(day, times, days[day].traits)
    return span
