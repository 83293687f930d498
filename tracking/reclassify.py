"""Reclassify: old openings judged by the rules of today, with their counts.

Only what the rules can still judge: the reader is known, and nobody has said what it was. Hits
keep coming meanwhile; they are judged by the rules that are in force then.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from accounts.retry import retry_transaction
from campaigns.models import Contact
from tracking.models import (
    ContactOpenings,
    Opening,
    OpeningChange,
    OpeningCount,
    Tally,
    UserAgent,
)
from tracking.rule_set import TAKEN, Evidence, Judgement, RuleSet

LOOKED_THROUGH = 20_000  # ids, by one query
JUDGED_AT_ONCE = 500  # openings, in one transaction

Change = tuple[tuple[str, str], tuple[str, str]]  # (verdict, reason) before and after


@dataclass
class Step:
    """What has been done of it, up to and with an id."""

    up_to: int
    judged: int = 0
    changes: Counter[Change] = field(default_factory=Counter)


class Reclassification:
    """The walk over all openings that there are now, by their ids.

    It can be broken off at any point: an opening keeps the date of the rules that judged it, and
    the next walk leaves out those of today. `anew` judges these as well, because their contacts'
    `sent_at` came later; `after` is an id to begin behind.
    """

    def __init__(self, rules: RuleSet, *, after: int = 0, anew=False, dry_run=False):
        self.rules, self.after, self.anew, self.dry_run = rules, after, anew, dry_run
        self.last = Opening.objects.aggregate(last=Max("pk"))["last"] or 0

    def steps(self) -> Iterator[Step]:
        """Does it, step by step."""
        begun = self.after
        while (first := self.first_after(begun)) and first <= self.last:
            end = min(first + LOOKED_THROUGH - 1, self.last)
            due = list(self.due(Opening.objects.filter(pk__gte=first, pk__lte=end)))
            for start in range(0, len(due), JUDGED_AT_ONCE):
                some = dict(due[start : start + JUDGED_AT_ONCE])
                yield self.look_at(some) if self.dry_run else self.judge(some)
            yield Step(end)
            begun = end

    def first_after(self, pk: int) -> int | None:
        rest = Opening.objects.filter(pk__gt=pk).order_by("pk")
        return rest.values_list("pk", flat=True).first()

    def due(self, openings: QuerySet) -> QuerySet:
        """(id, contact id) of those that are to be judged, by their ids."""
        known = openings.filter(contact__isnull=False, user_agent__isnull=False)
        return self.undated(known).order_by("pk").values_list("pk", "contact_id")

    def undated(self, openings: QuerySet) -> QuerySet:
        found = openings.exclude(rules_date=None, reason__in=TAKEN)
        return found if self.anew else found.exclude(rules_date=self.rules.date)

    @retry_transaction
    @transaction.atomic
    def judge(self, found: dict[int, int]) -> Step:
        """Judge these (id → contact id) as they are now, and let all that follows follow."""
        contacts = Contact.objects.filter(pk__in=set(found.values())).order_by("pk")
        sent = dict(contacts.select_for_update().values_list("pk", "sent_at"))
        openings = Opening.objects.filter(pk__in=found, user_agent__isnull=False).order_by("pk")
        judged = self.judged(list(self.undated(openings).select_for_update()), sent)
        step, tally = Step(max(found), len(judged)), Tally()
        outcomes, moved = {}, {}
        for opening, judgement in judged:
            note(step.changes, opening, judgement)
            outcomes.setdefault(judgement, []).append(opening.pk)
            if judgement[:2] == (opening.verdict, opening.reason):
                continue
            moved[opening.contact_id] = opening.group_id
            opening.tally(tally, -1)
            opening.verdict, opening.reason = judgement.verdict, judgement.reason
            opening.tally(tally, 1)
        for judgement, pks in outcomes.items():
            Opening.objects.filter(pk__in=pks).update(**judgement._asdict())
        if moved:
            ContactOpenings.objects.recompute(moved, tally)
        OpeningCount.objects.add(tally)
        return step

    def look_at(self, found: dict[int, int]) -> Step:
        """What `judge` would do, of which nothing is stored and nothing is locked."""
        contacts = Contact.objects.filter(pk__in=set(found.values()))
        sent = dict(contacts.values_list("pk", "sent_at"))
        openings = Opening.objects.filter(pk__in=found, user_agent__isnull=False).order_by("pk")
        judged = self.judged(list(openings), sent)
        step = Step(max(found), len(judged))
        for opening, judgement in judged:
            note(step.changes, opening, judgement)
        return step

    def judged(
        self, openings: list[Opening], sent: dict[int, datetime | None]
    ) -> list[tuple[Opening, Judgement]]:
        """Each with what the rules say of it; without those of which somebody has said it."""
        said = said_by_somebody(openings)
        openings = [opening for opening in openings if opening.event_id not in said]
        UserAgent.objects.attach_to(openings)
        return [
            (opening, self.rules.judge(evidence_of(opening, sent.get(opening.contact_id))))
            for opening in openings
        ]


def evidence_of(opening: Opening, sent_at: datetime | None) -> Evidence:
    return Evidence(
        opening.user_agent.text,
        opening.network_label,
        opening.prefetch,
        opening.referer,
        None if sent_at is None else (opening.opened_at - sent_at).total_seconds(),
    )


def said_by_somebody(openings: list[Opening]) -> set:
    """The event ids of those whose verdict was reported or corrected. Only those without a date
    can be among them, and the log knows: a report may have brought any reason."""
    undated = [opening.event_id for opening in openings if opening.rules_date is None]
    if not undated:
        return set()
    actions = OpeningChange.Action
    by_hand = Q(action=actions.CREATED) | Q(action=actions.CORRECTED)
    changes = OpeningChange.objects.filter(by_hand, event_id__in=undated)
    return {
        event_id
        for event_id, before, after in changes.values_list("event_id", "before", "after")
        if before is None or before["verdict"] != after["verdict"]
    }


def note(changes: Counter[Change], opening: Opening, judgement: Judgement):
    before, after = (opening.verdict, opening.reason), (judgement.verdict, judgement.reason)
    if before != after:
        changes[before, after] += 1
