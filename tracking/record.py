"""Record: a batch of hits becomes openings and counts, in one transaction.

The filter in Redis was only the first guess. Here the decisions fall, under locks of the
contacts concerned: which hits are known already, which are refreshes, which begin a mail open.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from django.db import IntegrityError, transaction

from accounts.retry import retry_transaction
from campaigns.models import Campaign, Contact, Group, Pixel
from campaigns.models.made import made
from campaigns.models.uuid_text import AsText, uuid_bytes
from tracking.anonymous import AnonymousHistory, NewSalts
from tracking.decision import Decision, Recorded
from tracking.hit import Hit
from tracking.models import (
    AnonymousReader,
    ContactOpenings,
    Opening,
    OpeningCount,
    ReaderSalt,
    Tally,
    UserAgent,
)
from tracking.models.mail import MAIL, Mail
from tracking.models.new_opening import STORED, NewOpening, values_of
from tracking.models.user_agent import KnownUserAgents
from tracking.moment import milliseconds, moment_of
from tracking.retention import LEAST_DAYS, days_ago, is_too_old, taken_since
from tracking.rule_set import Judgement
from tracking.rules import PIXEL_LIMIT, REFRESH_WINDOW
from tracking.verdict import judge

TRANSACTION_HITS = 1_000  # that callers put into one transaction


class Target(NamedTuple):
    """The pixel of a hit, with what must be known of its contact and campaign."""

    pixel_id: int
    contact_id: int
    group_id: int
    tracking: str
    closed_at: datetime | None
    erased_at: datetime | None
    sent_at: datetime | None
    mail: Mail

    @property
    def is_anonymous(self) -> bool:
        return self.tracking == Campaign.Tracking.ANONYMOUS


def record(hits: list[Hit], audit: Callable[[list[Opening]], None] | None = None) -> list[Recorded]:
    """Store the openings among the hits, in the order of their arrival; safe to repeat.

    `audit` is given the new openings inside the transaction that stores them.
    """
    by_ids = audit is not None  # whoever reports openings gives them ids of his own
    while True:
        try:
            return _record(hits, audit, by_ids)
        except NewSalts as new:
            ReaderSalt.objects.make(new.hours)
        except IntegrityError:
            if by_ids:
                raise
            by_ids = True  # an opening that was moved since, perhaps, or has lost its reader


@retry_transaction
@transaction.atomic
def _record(hits, audit, by_ids):
    targets = lock_targets(hits)
    past = Past.around(hits, targets, by_ids)
    openings, recorded = [], []
    for hit in hits:
        decided, opening = decide(hit, targets.get(hit.pixel), past)
        recorded.append(decided)
        if opening:
            past.add(opening)
            openings.append(opening)
    if openings:
        store_user_agents(openings, past.user_agents)
        mails = {target.contact_id: target.mail for target in targets.values()}
        store(openings, mails, past.user_agents.names)
        AnonymousReader.objects.bulk_create(past.anonymous.readers_of(openings))
        if audit:
            audit([opening.as_model() for opening in openings])
    return recorded


def lock_targets(hits) -> dict[bytes, Target]:
    """Lock the contacts of the hits, in order, and read what their pixels stand for.

    One table at a time: given a join, MariaDB may begin with the groups, which are few, and read
    every contact and pixel of a campaign of a million for each batch.
    """
    uuids = {hit.pixel for hit in hits}
    asked = Pixel.objects.filter(uuid__among=uuids)
    fetched, contacts = {}, set()
    for pk, uuid, contact in asked.values_list("pk", AsText("uuid"), "contact_id"):
        fetched[pk] = uuid_bytes(uuid)
        contacts.add(contact)
    locked = Contact.objects.select_for_update().filter(pk__among=contacts).order_by("pk")
    known = {pk: rest for pk, *rest in locked.values_list("pk", "erased_at", *MAIL)}
    groups = {group for *_, group in known.values()}
    # Of a group that is being removed nothing is stored any more.
    kept = Group.objects.filter(pk__in=groups, removal=None)
    campaigns = {
        pk: rest
        for pk, *rest in kept.values_list("pk", "campaign__tracking", "campaign__closed_at")
    }
    mails = {pk: Mail.of(*rest) for pk, (_, *rest) in known.items()}
    targets = {}
    # All pixels of each: what was opened of a mail is told by them.
    pixels = Pixel.objects.filter(contact__among=known)
    for pk, contact, number in pixels.values_list("pk", "contact_id", "number"):
        (erased_at, sent_at, *_, group), mail = known[contact], mails[contact]
        mail.pixels[pk] = number
        if pk in fetched and group in campaigns:
            target = Target(pk, contact, group, *campaigns[group], erased_at, sent_at, mail)
            targets[fetched[pk]] = target
    return targets


def anonymous_hits(hits, targets) -> list[tuple[Hit, int, datetime]]:
    """(hit, contact id, moment) of those whose campaign is anonymous"""
    found = [(hit, targets.get(hit.pixel)) for hit in hits]
    return [
        (hit, target.contact_id, moment_of(hit))
        for hit, target in found
        if target and target.is_anonymous
    ]


def groups_of_old(hits, targets) -> set[int]:
    """The groups of hits so old that retention may have come to them: hardly ever any."""
    new_since = milliseconds(days_ago(LEAST_DAYS))
    old = {hit.pixel for hit in hits if hit.at < new_since}
    return {targets[pixel].group_id for pixel in old & targets.keys()}


def known_event_ids(hits) -> set[bytes]:
    event_ids = {hit.event_id for hit in hits}
    found = Opening.objects.filter(event_id__among=event_ids).values_list("event_id", flat=True)
    return {event_id.bytes for event_id in found}


class History:
    """The openings around some hits: those in the database and those just decided."""

    KNOWN = ("pixel_id", "contact_id", "user_agent_id", "network_label")
    KNOWN += ("opened_at", "begins_mail_open")

    def __init__(self):
        self.event_ids: set[bytes] = set()  # of those in the database
        self._by_reader = defaultdict(list)
        self._by_pixel = defaultdict(list)
        self._mail_opens = defaultdict(list)

    @classmethod
    def around(cls, hits, targets) -> "History":
        moments = [moment_of(hit) for hit in hits]
        contacts = {target.contact_id for target in targets.values()}
        return cls.between(
            min(moments), max(moments), Opening.objects.filter(contact__among=contacts)
        )

    @classmethod
    def between(cls, first: datetime, last: datetime, openings) -> "History":
        """Of those of `openings` (a QuerySet) that decide about hits from first to last."""
        history = cls()
        around = openings.filter(
            opened_at__gt=first - REFRESH_WINDOW, opened_at__lt=last + REFRESH_WINDOW
        )
        for event_id, *row in around.values_list(AsText("event_id"), *cls.KNOWN):
            history.event_ids.add(uuid_bytes(event_id))
            history.note(*row)
        return history

    def add(self, opening: NewOpening | Opening):
        self.note(*known_of(opening))

    def note(self, pixel_id, contact_id, user_agent_id, network_label, moment, begins_mail_open):
        self._by_reader[pixel_id, user_agent_id, network_label].append(moment)
        self._by_pixel[pixel_id].append(moment)
        if begins_mail_open:
            self._mail_opens[contact_id, user_agent_id, network_label].append(moment)

    def opening_beside(self, opening: NewOpening | Opening) -> datetime | None:
        """When the opening was whose refresh this one would be."""
        known = self._by_reader.get(
            (opening.pixel_id, opening.user_agent_id, opening.network_label)
        )
        return next(near(known, opening.opened_at), None) if known else None

    def begins_mail_open(self, opening: NewOpening | Opening) -> bool:
        known = self._mail_opens.get(
            (opening.contact_id, opening.user_agent_id, opening.network_label)
        )
        return not known or not any(near(known, opening.opened_at))

    def is_full(self, opening: NewOpening | Opening) -> bool:
        known = self._by_pixel.get(opening.pixel_id, ())
        if len(known) < PIXEL_LIMIT:
            return False
        return sum(1 for _ in near(known, opening.opened_at)) >= PIXEL_LIMIT


known_of = attrgetter(*History.KNOWN)


def near(moments, moment):
    return (other for other in moments if abs(other - moment) < REFRESH_WINDOW)


def is_remembered(target: Target | None) -> bool:
    """Whether its openings are known to be its own."""
    return target is not None and not target.is_anonymous


@dataclass
class Past:
    """What is known when a batch is decided; the openings decided are added."""

    event_ids: set[bytes]
    taken_since: dict[int, datetime | None]  # of groups with hits that are no longer new
    history: History
    anonymous: AnonymousHistory
    user_agents: KnownUserAgents

    @classmethod
    def around(cls, hits, targets, by_ids: bool) -> "Past":
        """`by_ids`: look for openings with the ids of these hits wherever they are. That costs as
        much as to read all else, and a hit that comes again finds its opening at the same contact
        and time."""
        history = History.around(hits, targets)
        asked = (
            hits if by_ids else [hit for hit in hits if not is_remembered(targets.get(hit.pixel))]
        )
        return cls(
            event_ids=history.event_ids | known_event_ids(asked),
            taken_since=taken_since(groups_of_old(hits, targets)),
            history=history,
            anonymous=AnonymousHistory.around(anonymous_hits(hits, targets)),
            user_agents=UserAgent.objects.known({hit.user_agent for hit in hits}),
        )

    def add(self, opening: NewOpening):
        self.event_ids.add(opening.event_id)
        (self.history if opening.contact_id else self.anonymous).add(opening)


def decide(hit, target, past: Past) -> tuple[Recorded, NewOpening | None]:
    """What becomes of one hit, and its opening if it is one."""
    moment = moment_of(hit)
    if hit.event_id in past.event_ids:
        return Recorded(hit, Decision.DUPLICATE), None
    if target is None:
        return Recorded(hit, Decision.UNKNOWN), None
    if is_too_old(moment, past.taken_since.get(target.group_id)):
        return Recorded(hit, Decision.TOO_OLD), None
    if target.erased_at:
        return Recorded(hit, Decision.ERASED), None
    if target.tracking == Campaign.Tracking.OFF:
        return Recorded(hit, Decision.OFF), None
    if target.closed_at and moment >= target.closed_at:
        return Recorded(hit, Decision.CLOSED), None
    opening = opening_of(hit, moment, target, past.user_agents)
    asked = [(past.history, opening)]
    if target.is_anonymous:
        # The openings from before it became so are asked as well: they know their readers.
        opening = opening.anonymous()
        asked.append((past.anonymous, opening))
    for history, seen in asked:
        if counted_at := history.opening_beside(seen):
            return Recorded(hit, Decision.REFRESH, milliseconds(counted_at)), None
    for history, seen in asked:
        if history.is_full(seen):
            return Recorded(hit, Decision.LIMIT), None
    opening.begins_mail_open = all(history.begins_mail_open(seen) for history, seen in asked)
    return Recorded(hit, Decision.RECORDED), opening


def opening_of(hit: Hit, moment: datetime, target: Target, user_agents) -> NewOpening:
    judged = Judgement(*hit.judged, None) if hit.judged else judge(hit, target.sent_at)
    return NewOpening(
        hit.event_id,
        target.group_id,
        moment,
        *judged,
        target.pixel_id,
        target.contact_id,
        user_agents.ids[hit.user_agent],
        hit.network_label,
        hit.network,
        hit.prefetch,
        hit.referer,
    )


def store_user_agents(openings: list[NewOpening], user_agents: KnownUserAgents):
    """Those that are new. Not those of hits that are no openings: somebody who rotates User-Agents
    would fill the table with them."""
    new = {opening.user_agent_id for opening in openings if (opening.user_agent_id or 0) < 0}
    if not new:
        return
    texts = {number: text for text, number in user_agents.ids.items() if number in new}
    stored = UserAgent.objects.store(texts.values())
    for opening in openings:
        if opening.user_agent_id in new:
            opening.user_agent_id = stored.ids[texts[opening.user_agent_id]]
    user_agents.names.update(stored.names)


def store(openings: list[NewOpening], mails: dict[int, Mail], names: dict[int, tuple]):
    """The openings, each contact's row, and the counts. `names`: of User-Agents, by their ids, as
    far as they are known."""
    Opening.objects.insert(STORED, [*map(values_of, openings)])
    tally = Tally()
    tally.user_agents |= names
    for mail in mails.values():
        tally.pixels |= mail.pixels
    for opening in openings:
        opening.tally(tally, 1)
    store_contacts([opening for opening in openings if opening.contact_id], mails, tally)
    OpeningCount.objects.add(tally)


def store_contacts(openings: list[NewOpening], mails: dict[int, Mail], tally: Tally):
    """The rows of the contacts that are known to have opened; their firsts go into the tally."""
    groups = {opening.contact_id: opening.group_id for opening in openings}
    rows = {row.pk: row for row in ContactOpenings.objects.filter(pk__among=groups)}
    for contact_id, row in rows.items():
        row.tally_firsts(tally, groups[contact_id], -1)
    for opening in openings:
        contact_id = opening.contact_id
        if contact_id not in rows:
            rows[contact_id] = made(ContactOpenings, contact_id=contact_id)
        rows[contact_id].add(opening, mails[contact_id])
    for contact_id, row in rows.items():
        row.follow_plan(mails[contact_id])
        row.tally_firsts(tally, groups[contact_id], 1)
    ContactOpenings.objects.store([rows[contact_id] for contact_id in sorted(rows)])
