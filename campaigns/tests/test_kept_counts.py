"""Whatever becomes of contacts: what is kept beside them is what they add up to."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import Phase, event, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.tests.people import client_of, make_user
from campaigns.models import Campaign, Contact
from campaigns.recount import recount_contacts
from campaigns.tests.importing import take_in
from campaigns.tests.recounted import assert_kept_follows, marks
from campaigns.tests.removed import finish_removals
from tests.thorough import THOROUGH

pytestmark = pytest.mark.django_db  # for the runs that choose by it
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = NOON.isoformat()

groups = st.integers(0, 2)
people = st.sampled_from(["ada", "bob", "eve"])
moments = st.sampled_from([0, 59, 60, 12 * 3600, 40 * 86400]).map(
    lambda seconds: (NOON + timedelta(seconds=seconds)).isoformat()
)
rows = st.lists(st.tuples(groups, people, moments), min_size=1, max_size=5)
which = st.integers(0, 9)
steps = st.one_of(
    st.tuples(st.just("bulk"), rows),
    st.tuples(st.just("bulk"), rows),
    st.tuples(st.just("take_in"), rows),
    st.tuples(st.just("add"), groups, people, moments),
    st.tuples(st.just("change"), which, st.none() | people, st.none() | moments),
    st.tuples(st.just("change"), which, people, moments),
    st.tuples(st.just("move"), which, groups),
    st.tuples(st.just("remove"), which),
    st.tuples(st.just("remove_all_of"), people),
    st.tuples(st.just("erase"), which),
    st.tuples(st.just("remove_group"), groups),
)


class World:
    """A campaign with three groups, and another one with the same people."""

    def __init__(self):
        self.user = make_user()
        self.client = client_of(self.user)
        self.campaign, self.other = (
            Campaign.objects.start(
                team=self.user.ensure_own_team(), name=name, group_names=("A", "B", "C")
            )
            for name in ("Spring", "Autumn")
        )
        self.groups = list(self.campaign.groups.order_by("pk"))
        [aside, *_] = self.other.groups.order_by("pk")
        for person in ("ada", "bob"):
            Contact.objects.schedule(group=aside, email=f"{person}@example.com")
        self.frozen = set()

    def do(self, verb, *arguments):
        getattr(self, verb)(*arguments)

    def row(self, group, person, moment) -> dict:
        email, group = f"{person}@example.com", self.groups[group]
        return {"group": group.pk, "email": email, "scheduled_at": moment}

    def add(self, *row):
        reply = self.client.post("/api/contacts/", self.row(*row))
        event(f"added: {reply.status_code}")

    def bulk(self, rows):
        rows = [self.row(*row) for row in rows]
        reply = self.client.post("/api/contacts/bulk/", {"contacts": rows})
        assert reply.status_code == 200, reply.content

    def take_in(self, rows):
        table = [
            {"group": self.groups[group].name, "email": f"{person}@example.com"}
            | {"scheduled_at": moment}
            for group, person, moment in rows
        ]
        event(f"imported: {take_in(self.campaign, table).state}")

    def chosen(self, which) -> Contact | None:
        contacts = Contact.objects.filter(group__in=self.groups).order_by("pk")
        return contacts[which % len(contacts)] if contacts else None

    def change(self, which, person, moment):
        if contact := self.chosen(which):
            fields = {"email": person and f"{person}@example.com", "scheduled_at": moment}
            fields = {name: value for name, value in fields.items() if value}
            reply = self.client.patch(f"/api/contacts/{contact.pk}/", fields)
            event(f"changed: {reply.status_code}")

    def move(self, which, group):
        """Nobody can; if somebody could, this is how."""
        contact, group = self.chosen(which), self.groups[group]
        if not contact or contact.erased_at:
            return
        if not group.contacts.filter(email_key=contact.email_key).exists():
            with transaction.atomic():
                was = contact.lock()
                contact.group = group
                contact.save()
                contact.settle(was)

    def remove(self, which):
        if contact := self.chosen(which):
            reply = self.client.delete(f"/api/contacts/{contact.pk}/")
            assert reply.status_code == 204, reply.content

    def remove_all_of(self, person):
        Contact.objects.filter(group__in=self.groups, email_key=f"{person}@example.com").remove()

    def erase(self, which):
        if contact := self.chosen(which):
            before = marks()
            contact.erase()
            assert marks() == before
            erased = Contact.objects.exclude(erased_at=None).values_list("pk", flat=True)
            self.frozen |= before.intersection(erased)

    def remove_group(self, group):
        """Another one takes its place."""
        name = self.groups[group].name
        reply = self.client.delete(f"/api/groups/{self.groups[group].pk}/")
        assert reply.status_code == 202, reply.content
        finish_removals()
        self.groups[group] = self.campaign.groups.create(name=name)


few = settings(
    deadline=None,
    max_examples=60 if THOROUGH else 5,
    phases=set(Phase) - {Phase.shrink, Phase.explain},  # which would take minutes
)


class KeptCountsFollow(TestCase):
    @given(st.lists(steps, min_size=6, max_size=14))
    @example([("bulk", [(0, "ada", AT), (1, "ada", AT)]), ("erase", 0), ("remove", 0)])
    @few
    def test_they_follow_any_sequence_of_changes(self, sequence):
        world = World()
        for step in sequence:
            world.do(*step)
        assert_kept_follows(world.frozen)
        assert [recount_contacts(each.pk) for each in (world.campaign, world.other)] == [0, 0]
        assert_kept_follows(world.frozen)
