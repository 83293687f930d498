"""Whatever is sent, reported, corrected, deleted, forgotten and rebuilt: the counts are those of
the openings."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import Campaign, Contact
from campaigns.tests.factories import change, make_contact
from tests.thorough import THOROUGH
from tracking.correct import Refused, correct_opening, delete_opening
from tracking.hit import Hit
from tracking.models import Opening, OpeningChange
from tracking.record import Decision, record
from tracking.report import report
from tracking.retention import forget_openings_before
from tracking.tests.opened import MACHINE, PERSON
from tracking.tests.recounted import assert_all_follows, assert_counts_hold, drift

pytestmark = pytest.mark.django_db  # for the runs that choose by it
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

pixels = st.sampled_from([0, 1, 0, 1, 2])
minutes = st.sampled_from([0, 20, 40, 60, 80, 120, 180])
readers = st.sampled_from([PERSON, PERSON, MACHINE])
verdicts = st.sampled_from(["human", "proxy", "machine"])
which = st.integers(0, 4)
steps = st.one_of(
    st.tuples(st.just("mail"), minutes, readers),
    st.tuples(st.just("hit"), pixels, minutes, readers),
    st.tuples(st.just("report"), pixels, minutes, readers, verdicts),
    st.tuples(st.just("correct"), which, minutes, st.none()),
    st.tuples(st.just("correct"), which, st.none() | minutes, verdicts),
    st.tuples(st.just("delete"), which),
)
rare = st.one_of(
    st.tuples(st.just("erase"), st.integers(0, 1)),
    st.tuples(st.just("remove"), st.integers(0, 1)),
    st.tuples(st.just("send"), st.integers(0, 1), minutes),
    st.tuples(st.just("reschedule"), st.integers(0, 1), minutes),
    st.tuples(st.just("close"), minutes),
    st.tuples(st.just("make_anonymous")),
    st.tuples(st.just("rebuild")),
)
# Not beside retention, which settles how many pixels a mail had.
pixel = st.tuples(st.just("add_pixel"), st.integers(0, 1))
archiving = st.tuples(st.just("archive"), st.sampled_from([60, 120, 240]))


def after_some(*more):
    """A few steps, and then others in between as well. All choices are as likely, those within
    `steps` and `rare` too."""
    first = st.lists(steps, min_size=3, max_size=6)
    mixed = st.lists(st.one_of(steps, *more), min_size=5, max_size=10)
    return st.tuples(first, mixed).map(lambda both: [*both[0], *both[1]])


def at(minutes):
    return NOON + timedelta(minutes=minutes)


class World:
    """Two contacts of a group; the first one's mail has two pixels."""

    def __init__(self):
        times = {"scheduled_at": NOON - timedelta(seconds=50)}
        contact = make_contact(pixels=2, **times)
        other = make_contact(contact.group, **times)
        self.campaign = contact.group.campaign
        self.contacts = [contact.pk, other.pk]
        self.pixels = [*contact.pixels.order_by("number"), *other.pixels.all()]
        self.changes = 0

    def do(self, verb, *arguments):
        getattr(self, verb)(*arguments)

    def hit_of(self, pixel, minutes, reader, **fields):
        moment = round(at(minutes).timestamp() * 1000)
        return Hit(uuid4().bytes, self.pixels[pixel].uuid.bytes, moment, reader, **fields)

    def mail(self, *arguments):
        """All pixels of the mail are fetched."""
        record([self.hit_of(pixel, *arguments) for pixel in (0, 1)])

    def hit(self, *arguments):
        record([self.hit_of(*arguments)])

    def report(self, *arguments):
        *arguments, verdict = arguments
        [reported] = report([self.hit_of(*arguments, judged=(verdict, "reported"))], by="anna")
        self.changes += reported.decision == Decision.RECORDED

    def chosen(self, which):
        openings = Opening.objects.order_by("pk")
        count = openings.count()
        return openings[which % count] if count else None

    def correct(self, which, minutes, verdict):
        if opening := self.chosen(which):
            moment = None if minutes is None else at(minutes)
            changes = moment not in (None, opening.opened_at)
            changes = changes or verdict not in (None, opening.verdict)
            try:
                correct_opening(opening.pk, "anna", moment, verdict)
                self.changes += changes
            except Refused as refused:
                event(f"refused: {refused.decision}")

    def contact(self, which):
        return Contact.objects.filter(pk=self.contacts[which])

    def erase(self, which):
        for contact in self.contact(which):
            contact.erase()

    def remove(self, which):
        self.contact(which).remove()

    def send(self, which, minutes):
        """The mail provider reports when it sent the mail."""
        self.change(which, sent_at=at(minutes) - timedelta(seconds=5))

    def reschedule(self, which, minutes):
        self.change(which, scheduled_at=at(minutes) + timedelta(seconds=10))

    def change(self, which, **fields):
        for contact in self.contact(which).filter(erased_at=None):
            change(contact, **fields)

    def add_pixel(self, which):
        """It is never opened; the pixels that are hit were there from the beginning."""
        with self.contact(which).changing_pixels():
            for contact in self.contact(which):
                contact.add_pixels(1)

    def close(self, minutes):
        self.campaign.close(at(minutes))

    def make_anonymous(self):
        Campaign.objects.filter(pk=self.campaign.pk).update(tracking="anonymous")

    def rebuild(self):
        drift(mend=True)

    def archive(self, minutes):
        """Retention deletes what is older."""
        event(f"archived: {sum(forget_openings_before(at(minutes)))}")

    def delete(self, which):
        if opening := self.chosen(which):
            begun = Opening.objects.filter(begins_mail_open=True).count()
            delete_opening(opening.pk, "anna")
            if opening.begins_mail_open:
                left = Opening.objects.filter(begins_mail_open=True).count()
                event(f"mail opens by a deletion: {left - begun:+}")
            self.changes += 1


few = settings(
    deadline=None,
    max_examples=200 if THOROUGH else 10,
    phases=set(Phase) - {Phase.shrink, Phase.explain},  # which would take minutes
)


class CountsFollow(TestCase):
    @given(st.lists(steps, min_size=6, max_size=14))
    @few
    def test_they_follow_any_sequence_of_changes(self, sequence):
        world = World()
        for step in sequence:
            world.do(*step)
        assert_all_follows()
        assert OpeningChange.objects.count() == world.changes

    @given(after_some(rare, pixel))
    @few
    def test_they_follow_where_rare_things_come_in_between(self, sequence):
        world = World()
        for step in sequence:
            world.do(*step)
        assert_all_follows()

    @given(after_some(archiving, archiving, archiving, rare))
    @few
    def test_they_follow_where_retention_comes_in_between(self, sequence):
        world = World()
        for step in sequence:
            world.do(*step)
        assert_counts_hold()
