"""Correct and delete: openings that turn out to be other than they were recorded.

Under the lock of the contact, as in `record`, so that neither hits nor other corrections come
between. Counts, what is known of the contact, and the log follow in the same transaction.
"""

import logging
from copy import copy
from datetime import datetime

from django.db import transaction

from accounts.retry import retry_transaction
from campaigns.models import Contact
from tracking import stream
from tracking.collect import REDIS_ERRORS
from tracking.decision import Decision
from tracking.hit import Hit
from tracking.models import (
    AnonymousReader,
    ContactOpenings,
    Opening,
    OpeningChange,
    OpeningCount,
    Tally,
)
from tracking.moment import milliseconds
from tracking.record import REFRESH_WINDOW, History
from tracking.retention import is_too_old, taken_since
from tracking.rule_set import CORRECTED

logger = logging.getLogger(__name__)

MENDED = ["opened_at", "verdict", "reason", "rules_date", "begins_mail_open"]


class Refused(Exception):
    """The correction would break a rule that hits keep; `decision` says which."""

    def __init__(self, decision: Decision):
        super().__init__(decision)
        self.decision = decision


@retry_transaction
@transaction.atomic
def correct_opening(
    pk: int, by: str, opened_at: datetime | None = None, verdict: str | None = None
) -> Opening:
    """Let the opening have been at another time, or by somebody of another kind.

    At its new time (whole milliseconds, as that of hits) the opening begins a mail open unless
    another one there does; openings that its mail open stood for at the old time get one of
    their own. Raises Opening.DoesNotExist, and Refused.
    """
    opening = lock(pk)
    before = copy(opening)
    if opened_at:
        opening.opened_at = opened_at
    if verdict and verdict != before.verdict:
        opening.verdict, opening.reason, opening.rules_date = verdict, CORRECTED, None
    moves = opening.opened_at != before.opened_at
    if not moves and opening.verdict == before.verdict:
        return opening
    if moves:
        place(opening)
    opening.save(update_fields=MENDED)
    tally = Tally()
    before.tally(tally, -1)
    opening.tally(tally, 1)
    if moves:
        leave(before, tally)
    recount(opening, tally)
    OpeningChange.objects.note(by, [(before, opening)])
    return opening


@retry_transaction
@transaction.atomic
def delete_opening(pk: int, by: str):
    """Let it never have been an opening; those that its mail open stood for get one of their
    own. Hits that were its refreshes stay forgotten. Raises Opening.DoesNotExist."""
    opening = lock(pk)
    Opening.objects.filter(pk=pk).delete()
    # One that only moves keeps it: its hashes are those of its old hour, and go by its new time.
    AnonymousReader.objects.filter(pk=opening.event_id).delete()
    tally = Tally()
    opening.tally(tally, -1)
    leave(opening, tally)
    recount(opening, tally)
    OpeningChange.objects.note(by, [(opening, None)])


def lock(pk: int) -> Opening:
    """The opening as it is once its contact is locked; Opening.DoesNotExist."""
    contact = Opening.objects.values_list("contact", flat=True).get(pk=pk)
    list(Contact.objects.select_for_update().filter(pk=contact).values_list("pk", flat=True))
    # An anonymous one has no contact: its own lock keeps two corrections apart.
    list(Opening.objects.select_for_update().filter(pk=pk).values_list("pk", flat=True))
    return Opening.objects.select_related("pixel", "user_agent", "group__campaign").get(pk=pk)


def place(opening: Opening):
    """Decide about an opening at its new time, as about a hit; Refused."""
    since = taken_since([opening.group_id])[opening.group_id]
    if is_too_old(opening.opened_at, since):
        raise Refused(Decision.TOO_OLD)
    closed_at = opening.group.campaign.closed_at
    if closed_at and opening.opened_at >= closed_at:
        raise Refused(Decision.CLOSED)
    # Of an erased or anonymous reader nobody can say which openings are theirs.
    if opening.user_agent_id is None:
        return
    others = Opening.objects.filter(contact=opening.contact_id).exclude(pk=opening.pk)
    history = History.between(opening.opened_at, opening.opened_at, others)
    if history.opening_beside(opening):
        raise Refused(Decision.REFRESH)
    if history.is_full(opening):
        raise Refused(Decision.LIMIT)
    opening.begins_mail_open = history.begins_mail_open(opening)


def leave(opening: Opening, tally: Tally):
    """What follows where an opening is no more: others begin the mail open that it began, from
    the earliest on, and the filter has nothing to remember."""
    forget_in_filter(opening)
    if not opening.begins_mail_open or opening.user_agent_id is None:
        return
    of_reader = Opening.objects.filter(
        contact=opening.contact_id,
        user_agent=opening.user_agent_id,
        network_label=opening.network_label,
    )
    left_at = opening.opened_at
    history = History.between(left_at - REFRESH_WINDOW, left_at + REFRESH_WINDOW, of_reader)
    beside = of_reader.filter(
        opened_at__gt=left_at - REFRESH_WINDOW, opened_at__lt=left_at + REFRESH_WINDOW
    )
    for other in beside.filter(begins_mail_open=False).order_by("opened_at", "pk"):
        if history.begins_mail_open(other):
            other.tally(tally, -1)
            other.begins_mail_open = True
            other.save(update_fields=["begins_mail_open"])
            other.tally(tally, 1)
            history.add(other)


def recount(opening: Opening, tally: Tally):
    if opening.contact_id:
        ContactOpenings.objects.recompute({opening.contact_id: opening.group_id}, tally)
    OpeningCount.objects.add(tally)


def forget_in_filter(opening: Opening):
    """Once it is committed, so that the filter holds up no hit that is an opening now.

    Best effort: where Redis is away, hits of this pixel and reader may pass for refreshes until
    an hour after the opening that was.
    """
    if opening.user_agent is None:  # erased or anonymous: the filter's key is not known any more
        return
    hit = Hit(
        event_id=opening.event_id.bytes,
        pixel=opening.pixel.uuid.bytes,
        at=milliseconds(opening.opened_at),
        user_agent=opening.user_agent.text,
        network_label=opening.network_label,
    )

    def forget():
        try:
            stream.forget_counted([hit])
        except REDIS_ERRORS as error:
            logger.warning(
                "Redis still takes hits for refreshes of an opening that is no more (%s).",
                type(error).__name__,
            )

    transaction.on_commit(forget)
