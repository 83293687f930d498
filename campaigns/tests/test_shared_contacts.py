"""Addresses that several groups of a campaign have."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, Group, SharedContact
from campaigns.models.campaign_turn import CampaignTurnQuerySet
from campaigns.tests.house import House
from campaigns.tests.importing import table, take_in
from campaigns.tests.recounted import assert_kept_follows, marks
from campaigns.tests.removed import finish_removals

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"


@pytest.fixture
def ada(house):
    """In both groups."""
    return [house.add_contact(group, email=ADA) for group in (house.group, house.other_group)]


def marked(*contacts) -> bool:
    assert_kept_follows()
    return marks() == {contact.pk for contact in contacts}


def test_the_same_address_in_a_second_group_marks_both(house):
    first = house.add_contact(email=ADA)
    assert marked()
    second = house.add_contact(house.other_group, email="Ada@EXAMPLE.com")
    assert marked(first, second)
    assert SharedContact.objects.counts([house.group.pk, house.other_group.pk]) == {
        house.group.pk: 1,
        house.other_group.pk: 1,
    }


def test_the_same_address_in_another_campaign_marks_nothing(house):
    house.add_contact(email=ADA)
    House(house.user).add_contact(email=ADA)
    assert marked()


def test_a_third_group_is_marked_as_well_and_the_last_one_left_is_not(house, ada):
    third = house.add_contact(house.campaign.groups.create(name="C"), email=ADA)
    assert marked(*ada, third)
    ada[0].remove()
    assert marked(ada[1], third)
    house.client.delete(f"/api/contacts/{third.pk}/")
    assert marked()


def test_who_gets_another_address_is_marked_by_that_one(house, ada):
    bob = house.add_contact(email="bob@example.com")
    other = f"/api/contacts/{ada[1].pk}/"
    assert house.client.patch(other, {"email": "bob@example.com"}).status_code == 200
    assert marked(bob, ada[1])
    assert house.client.patch(other, {"email": "eve@example.com"}).status_code == 200
    assert marked()
    assert house.client.patch(other, {"email": ADA}).status_code == 200
    assert marked(*ada)


def test_rows_of_one_import_mark_each_other(house):
    rows = ["ada@example.com,A", "bob@example.com,B", "Ada@example.com,B", "eve@example.com,A"]
    take_in(house.campaign, table("email,group", *rows))
    assert_kept_follows()
    assert len(marks()) == 2


def test_an_import_for_one_group_marks_what_the_other_has_already(house, ada):
    bob = house.add_contact(email="bob@example.com")
    text = table("email", "bob@example.com", "eve@example.com")
    take_in(house.campaign, text, group=house.other_group)
    assert_kept_follows()
    assert marks() > {contact.pk for contact in (*ada, bob)}
    assert len(marks()) == 4


def test_when_the_person_is_erased_the_figures_stay(house, ada):
    ada[0].erase()
    assert marks() == {contact.pk for contact in ada}
    ada[0].remove()
    assert marks() == {ada[1].pk}  # what was sent to them was sent to both groups


def test_a_group_that_leaves_unmarks_the_other(house, ada):
    house.client.delete(house.addresses()["groups"])
    finish_removals()
    assert marked()


def test_where_nothing_is_shared_no_contact_is_asked_for_its_mark(house):
    """An import pays for one question per chunk."""
    house.add_contact(email="bob@example.com")
    with CaptureQueriesContext(connection) as captured:
        house.add_contact(house.other_group, email=ADA)
    asked = [query["sql"] for query in captured if "sharedcontact" in query["sql"]]
    assert asked == []


def test_a_group_that_came_while_a_contact_was_added_is_seen(house, monkeypatch):
    """Whoever has the turn asks for the groups after the wait for it."""
    alone = Campaign.objects.start(team=house.team, name="One group")
    [group] = alone.groups.all()
    add = CampaignTurnQuerySet._take

    def others_were_faster(self, campaigns):
        monkeypatch.undo()
        late = Group.objects.create(campaign=alone, name="late")
        others.append(house.add_contact(late, email=ADA))
        return add(self, campaigns)

    others = []
    monkeypatch.setattr(CampaignTurnQuerySet, "_take", others_were_faster)
    mine = house.add_contact(group, email=ADA)
    assert marked(mine, *others)
