"""Campaigns and groups go out of sight at once, and the rest of them in small steps."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db.models import ProtectedError
from django.utils import timezone

from accounts.models import Membership, Team
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from accounts.tests.staff import admin_client, page
from campaigns import removal_steps, tasks
from campaigns.models import Campaign, Contact, Group, Pixel, Removal
from campaigns.models.leased import LEASE
from campaigns.tests.house import House
from campaigns.tests.removed import finish_removals

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
URL = "/api/removals/"
KINDS = ("campaigns", "groups", "contacts", "pixels")
Role = Membership.Role


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(removal_steps, "STEP_CONTACTS", 2)


def delete(house, kind="campaigns") -> dict:
    response = house.client.delete(house.addresses()[kind])
    assert response.status_code == 202, response.content
    return response.json()


def claim() -> Removal:
    return Removal.objects.claim()


# -- Out of sight at once --------------------------------------------------------------------------
def test_deleting_a_campaign_answers_with_its_removal(house):
    response = house.client.delete(house.addresses()["campaigns"])
    removal = response.json()
    assert response.status_code == 202
    assert response["Location"] == f"{URL}{removal['id']}/"
    assert removal == {
        "id": removal["id"],
        "team": house.team.pk,
        "kind": "campaign",
        "name": house.campaign.name,
        "state": "waiting",
        "percent": 0,
        "contacts_total": None,
        "contacts_removed": 0,
        "openings_total": None,
        "openings_removed": 0,
        "requested_by": house.user.username,
        "requested_at": removal["requested_at"],
        "finished_at": None,
    }
    assert house.client.get(response["Location"]).json() == removal


@pytest.mark.parametrize("superuser", [False, True])
def test_a_deleted_campaign_is_out_of_sight_before_a_worker_has_come(house, superuser):
    stays = House(house.user)
    client = client_of(make_user(is_superuser=True)) if superuser else house.client
    delete(house)
    kept = stays.addresses()
    for kind, address in house.addresses().items():
        assert_problem(client.get(address), 404, "not_found")
        assert_problem(client.patch(address, {}), 404, "not_found")
        if kind != "pixels":
            assert_problem(client.delete(address), 404, "not_found")
        ids = {row["id"] for row in client.get(f"/api/{kind}/").json()["results"]}
        assert int(house.addresses()[kind].split("/")[3]) not in ids
        assert int(kept[kind].split("/")[3]) in ids
        if kind != "campaigns":
            query = {"campaign": house.campaign.pk}
            assert client.get(f"/api/{kind}/", query).json()["results"] == []
            body = house.bodies()[kind]
            assert_problem(
                client.post(f"/api/{kind}/", body), 400, "does_not_exist", next(iter(body))
            )
    assert_problem(client.get(f"/api/campaigns/{house.campaign.pk}/statistics/"), 404, "not_found")
    assert Contact.objects.filter(pk=house.contact.pk).exists()  # nobody has begun


def test_a_deleted_group_is_out_of_sight_and_the_other_one_stays(house):
    other = house.add_contact(house.other_group)
    removal = delete(house, "groups")
    assert removal["name"] == f"{house.campaign.name} · {house.group.name}"
    for kind in ("groups", "contacts", "pixels"):
        assert_problem(house.client.get(house.addresses()[kind]), 404, "not_found")
    assert [row["id"] for row in house.client.get("/api/groups/").json()["results"]] == [
        house.other_group.pk
    ]
    contacts = house.client.get("/api/contacts/", {"campaign": house.campaign.pk}).json()
    assert [row["id"] for row in contacts["results"]] == [other.pk]
    response = house.client.delete(f"/api/groups/{house.other_group.pk}/")
    assert_problem(response, 409, "last_group")
    finish_removals()
    assert house.campaign.groups.get() == house.other_group
    assert Contact.objects.get() == other


@pytest.mark.parametrize("model", [Campaign, Group, Contact, Pixel])
def test_the_admin_shows_it_no_more(house, admin_client, model):
    rows = {Campaign: house.campaign, Group: house.group, Contact: house.contact}
    row = rows.get(model, house.pixel)
    assert admin_client.get(page(model, "change", row.pk)).status_code == 200
    delete(house)
    assert admin_client.get(page(model, "change", row.pk)).status_code == 302
    reply = admin_client.get(page(model))
    assert reply.context["cl"].result_count == 0
    assert admin_client.get(f"/sample/{house.contact.pk}/").status_code == 404


@pytest.mark.parametrize("kind", ["campaigns", "groups"])
def test_its_name_is_free_at_once(house, kind):
    names = {"campaigns": house.campaign.name, "groups": house.group.name}
    delete(house, kind)
    body = house.bodies()[kind] | {"name": names[kind]}
    assert house.client.post(f"/api/{kind}/", body).status_code == 201
    finish_removals()
    assert len(house.client.get(f"/api/{kind}/").json()["results"]) == (
        1 if kind == "campaigns" else 2
    )


def test_a_deleted_control_is_the_control_no_more(house):
    delete(house, "groups")
    response = house.client.patch(f"/api/groups/{house.other_group.pk}/", {"is_control": True})
    assert response.json()["is_control"] is True


def test_whoever_comes_second_finds_nothing_to_delete(house):
    campaign, group = house.campaign, house.group
    campaign.remove()
    with pytest.raises(Campaign.DoesNotExist):
        campaign.remove()
    with pytest.raises(Campaign.DoesNotExist):
        group.remove()
    assert Removal.objects.count() == 1


def test_a_team_stays_until_nothing_of_it_is_left_to_remove(house):
    delete(house)
    with pytest.raises(ProtectedError):
        house.team.delete()
    finish_removals()
    house.team.delete()
    assert not Removal.objects.exists()


def test_who_deletes_such_a_team_is_told_what_it_waits_for(house, admin_client):
    team = Team.objects.start(name="Shared", manager=house.user)
    campaign = Campaign.objects.start(team=team, name="Spring")
    address = f"/api/teams/{team.pk}/"
    assert_problem(house.client.delete(address), 409, "has_campaigns")
    campaign.remove()
    response = house.client.delete(address)
    assert_problem(response, 409, "removals_running")
    assert "being deleted in the background" in response.json()["detail"]
    finish_removals()
    assert house.client.delete(address).status_code == 204


# -- In small steps --------------------------------------------------------------------------------
def test_each_step_removes_a_few_contacts_and_says_how_far_it_is(house, small_steps):
    for _ in range(4):
        house.add_contact()
    delete(house)
    removal = claim()
    removal_steps.measure(removal)
    seen = []
    while removal_steps.step(removal):
        row = house.client.get(f"{URL}{removal.pk}/").json()
        assert Contact.objects.count() == row["contacts_total"] - row["contacts_removed"]
        seen.append((row["state"], row["contacts_removed"], row["percent"]))
    assert seen[:3] == [("running", 2, 40), ("running", 4, 80), ("running", 5, 99)]
    row = house.client.get(f"{URL}{removal.pk}/").json()
    assert (row["state"], row["contacts_removed"], row["percent"]) == ("done", 5, 100)
    assert row["finished_at"]
    for model in (Campaign, Group):
        assert not model.everything.exists()
    assert not Contact.objects.exists()
    assert not Pixel.objects.exists()


def test_a_step_that_fails_leaves_everything_as_it_was_and_is_taken_again(
    house, small_steps, monkeypatch
):
    for _ in range(4):
        house.add_contact()
    delete(house)
    calls = []

    def fail_once(contacts):
        removed = remove_some(contacts)
        calls.append(removed)
        if len(calls) == 2:
            raise ZeroDivisionError
        return removed

    remove_some = removal_steps.remove_some
    monkeypatch.setattr(removal_steps, "remove_some", fail_once)
    with pytest.raises(ZeroDivisionError):
        finish_removals()
    removal = Removal.objects.get()
    assert (removal.contacts_removed, Contact.objects.count()) == (2, 3)
    finish_removals()
    removal.refresh_from_db()
    assert (removal.state, removal.contacts_removed) == ("done", 5)
    assert calls == [(2, 0), (2, 0), (2, 0), (1, 0)]


def test_the_work_ends_when_its_time_is_over_and_goes_on_the_next_time(house, small_steps):
    for _ in range(4):
        house.add_contact()
    delete(house)
    removal_steps.work(0)
    assert Contact.objects.count() == 3
    assert Removal.objects.due().count() == 1  # given back at once
    tasks.remove_what_is_due()
    assert not Campaign.everything.exists()


def test_a_contact_and_a_group_that_came_at_the_last_moment_go_as_well(house):
    delete(house)
    Contact.objects.schedule(group=house.group, email="late@example.com")
    late = Group.objects.create(campaign=house.campaign, name="late")
    Contact.objects.schedule(group=late, email="late@example.com")
    removal_steps.measure(claim())
    assert not Group.objects.filter(pk=late.pk).exists()  # out of sight with the first look
    Removal.objects.update(leased_until=None)
    finish_removals()
    assert not Contact.objects.exists()
    assert not Group.everything.exists()


def test_a_group_that_is_not_empty_after_all_is_not_deleted(house):
    """A contact may come between the look for contacts and the deletion."""
    removal_steps.remove_empty(house.group.pk)
    assert Contact.objects.get() == house.contact
    house.contact.remove()
    removal_steps.remove_empty(house.group.pk)
    assert not Group.everything.filter(pk=house.group.pk).exists()


def test_a_group_and_then_its_campaign(house):
    house.add_contact(house.other_group)
    delete(house, "groups")
    delete(house)
    finish_removals()
    assert not Campaign.everything.exists()
    assert set(Removal.objects.values_list("kind", "state")) == {
        ("campaign", "done"),
        ("group", "done"),
    }


# -- Leases ----------------------------------------------------------------------------------------
def test_one_worker_at_a_time_holds_a_removal(house):
    delete(house)
    first = claim()
    assert first.state == "running"
    assert claim() is None
    first.release()
    second = claim()
    assert second.pk == first.pk
    assert second.holder != first.holder


def test_of_two_workers_that_read_the_same_row_one_gets_it(house, monkeypatch):
    delete(house)
    as_read = list(Removal.objects.due())
    assert claim()
    monkeypatch.setattr("campaigns.models.removal.RemovalQuerySet.due", lambda self: as_read)
    assert claim() is None


def test_a_killed_worker_is_missed_within_a_minute_and_does_no_harm_if_it_lives(house):
    delete(house)
    killed = claim()
    soon = timezone.now() + LEASE + timedelta(seconds=5)
    assert timedelta(seconds=60) > LEASE + timedelta(seconds=5)  # beat looks every 5 seconds
    with time_machine.travel(soon, tick=False):
        assert claim().pk == killed.pk
    assert removal_steps.step(killed) is False
    killed.release()
    assert Removal.objects.due().count() == 0  # the lease is the other one's
    assert Contact.objects.filter(pk=house.contact.pk).exists()


def test_each_step_prolongs_the_lease(house, small_steps):
    house.add_contact()
    delete(house)
    removal = claim()
    with time_machine.travel(timezone.now() + LEASE, tick=False):
        assert removal_steps.step(removal)
        assert claim() is None


def test_several_removals_take_turns(house):
    others = [House(house.user) for _ in range(2)]
    wanted = [delete(each)["id"] for each in (house, *others)]
    turns = []
    for _ in range(4):
        removal = claim()
        turns.append(removal.pk)
        removal.release()
    assert turns == [*wanted, wanted[0]]


# -- Who sees them ---------------------------------------------------------------------------------
def test_members_see_the_removals_of_their_teams_only(house):
    mine = delete(house)
    theirs = delete(House())
    viewer = client_of(make_member(house.team, Role.VIEWER))
    assert [row["id"] for row in viewer.get(URL).json()["results"]] == [mine["id"]]
    assert_problem(viewer.get(f"{URL}{theirs['id']}/"), 404, "not_found")
    root = client_of(make_user(is_superuser=True))
    assert len(root.get(URL).json()["results"]) == 2
    for query, ids in {
        "kind=campaign": [mine["id"]],
        "state=done": [],
        f"search={mine['name'].split()[1]}&kind=group": [],
        f"team={mine['team']}": [mine["id"]],
    }.items():
        assert [row["id"] for row in viewer.get(f"{URL}?{query}").json()["results"]] == ids


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_they_are_read_only(house, method):
    removal = delete(house)
    address = URL if method == "post" else f"{URL}{removal['id']}/"
    assert_problem(getattr(house.client, method)(address), 405, "method_not_allowed")


@pytest.mark.parametrize("kind", ["campaigns", "groups"])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_only_managers_delete(house, kind, role):
    client = client_of(make_member(house.team, role))
    assert_problem(client.delete(house.addresses()[kind]), 403, "permission_denied")
    assert_problem(client_of(make_user()).delete(house.addresses()[kind]), 404, "not_found")
    assert not Removal.objects.exists()


def test_a_list_takes_the_same_queries_for_more_rows(house, django_assert_num_queries):
    for number in (1, 5):
        for _ in range(number):
            delete(House(house.user))
        with django_assert_num_queries(2):  # the user, the removals
            assert house.client.get(URL).status_code == 200


def test_the_admin_shows_how_far_it_is(house, admin_client):
    name = house.campaign.name
    reply = admin_client.post(
        page(Campaign, "delete", house.campaign.pk), {"post": "yes"}, follow=True
    )
    assert "deleted in the background" in reply.text
    assert page(Removal) in reply.text
    text = admin_client.get(page(Removal)).text
    assert name in text
    assert "0 %" in text
    finish_removals()
    removal = Removal.objects.get()
    assert (removal.requested_by, removal.state) == ("admin", "done")
    text = admin_client.get(page(Removal, "change", removal.pk)).text
    assert "100 %" in text
    assert "1 of 1 removed" in text


def test_a_removal_of_nothing_known_is_not_done_before_it_is_done():
    removal = Removal(name="x", holder=uuid4())
    assert removal.percent == 0
    removal.contacts_total, removal.openings_total = 3, 1
    removal.contacts_removed, removal.openings_removed = 1, 1
    assert removal.percent == 50
    removal.contacts_removed = 10  # some came at the last moment
    assert removal.percent == 99
