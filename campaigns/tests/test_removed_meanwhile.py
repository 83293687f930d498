"""Somebody is still at a campaign or group that somebody else removes."""

import pytest
from django.db import OperationalError, transaction

from accounts.scope import TeamScoped
from accounts.tests.people import assert_problem
from accounts.tests.staff import admin_client, inline, page, said
from campaigns.admin.campaign import CampaignAdmin, GroupAdmin
from campaigns.models import Campaign, Group, Removal
from campaigns.tests.removed import finish_removals

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
KINDS = ("campaigns", "groups")
MODELS = {"campaigns": Campaign, "groups": Group}
DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock")


def row_of(house, kind):
    return house.campaign if kind == "campaigns" else house.group


def remove(house, kind, ended=False):
    MODELS[kind].objects.get(pk=row_of(house, kind).pk).remove()
    if ended:
        finish_removals()


def assert_removed(house, kind, ended=False):
    """It is out of sight, its name is free, and nothing of it is left in the end."""
    pk = row_of(house, kind).pk
    assert not MODELS[kind].objects.filter(pk=pk).exists()
    assert MODELS[kind].everything.filter(pk=pk).exists() is not ended
    names = MODELS[kind].everything.filter(removal__kind=kind[:-1]).values_list("name", flat=True)
    assert all(name.startswith("being removed: ") for name in names)
    finish_removals()
    assert not MODELS[kind].everything.filter(pk=pk).exists()


def before(monkeypatch, owner, name, act):
    """`act` happens just before that method is called."""
    method = getattr(owner, name)

    def late(*args, **kwargs):
        act()
        return method(*args, **kwargs)

    monkeypatch.setattr(owner, name, late)


# -- Changes ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_no_save_brings_a_removed_row_back(house, kind, ended):
    row = row_of(house, kind)
    remove(house, kind, ended)
    for fields in (None, ["name"]):
        gone = pytest.raises(MODELS[kind].DoesNotExist, match="removed meanwhile")
        with gone, transaction.atomic():
            row.save(update_fields=fields)
    assert_removed(house, kind, ended)


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("campaigns", {"time_zone": "Europe/Berlin"}),
        ("groups", {"name": "Late"}),
        ("groups", {"is_control": True}),
    ],
)
def test_a_change_that_comes_too_late_finds_nothing(house, monkeypatch, kind, body, ended):
    house.other_group.make_control()
    before(monkeypatch, TeamScoped, "save", lambda: remove(house, kind, ended))
    assert_problem(house.client.patch(house.addresses()[kind], body), 404, "not_found")
    if kind == "groups":
        assert house.campaign.groups.get(is_control=True) == house.other_group
    assert_removed(house, kind, ended)


def test_a_change_leaves_alone_what_somebody_else_changes_meanwhile(house, monkeypatch):
    campaign = Campaign.objects.filter(pk=house.campaign.pk)
    before(monkeypatch, TeamScoped, "save", lambda: campaign.update(tracking="anonymous"))
    response = house.client.patch(house.addresses()["campaigns"], {"name": "New name"})
    assert response.status_code == 200
    stored = Campaign.objects.get()
    assert (stored.name, stored.tracking) == ("New name", "anonymous")


def forms(house) -> dict:
    """What a browser sends from the pages of the campaign and the group, with new names."""
    groups = [
        {"id": group.pk, "campaign": house.campaign.pk, "name": group.name}
        for group in (house.group, house.other_group)
    ]
    campaign = {"name": "Late", "time_zone": "UTC", "pixels_per_contact": 2}
    campaign |= {"tracking": "individual"}
    return {
        "campaigns": inline("groups", *groups, initial=2, **campaign),
        "groups": {"name": "Late", "is_control": "on"},
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_that_is_saved_too_late_says_so(house, admin_client, monkeypatch, kind):
    owner = {"campaigns": CampaignAdmin, "groups": GroupAdmin}[kind]
    before(monkeypatch, owner, "save_model", lambda: remove(house, kind))
    address = page(MODELS[kind], "change", row_of(house, kind).pk)
    # What went wrong is told, and undoes all that the request did, the removal here as well.
    reply = admin_client.post(address, forms(house)[kind])
    assert (reply.status_code, reply["Location"]) == (302, address)
    assert "Nothing was saved: somebody was faster" in said(reply)
    assert row_of(house, kind).name != "Late"
    assert not MODELS[kind].everything.filter(name="Late").exists()


@pytest.mark.parametrize("place", [0, 1])
def test_a_campaigns_page_with_a_group_that_was_removed_meanwhile_is_shown_again(
    house, admin_client, place
):
    form = forms(house)["campaigns"] | {f"groups-{place}-name": "Back again"}
    gone, stays = (house.group, house.other_group)[:: 1 - 2 * place]
    gone.remove()
    reply = admin_client.post(page(Campaign, "change", house.campaign.pk), form)
    assert reply.status_code == 200
    assert "Select a valid choice" in str(reply.context["errors"])
    assert list(Group.objects.values_list("pk", "name")) == [(stays.pk, stays.name)]


# -- Deletions -------------------------------------------------------------------------------------
@pytest.mark.parametrize("in_bulk", [False, True])
@pytest.mark.parametrize("gone", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_removed_while_the_admin_deletes_it_is_gone(
    house, admin_client, monkeypatch, kind, gone, in_bulk
):
    model, pk = MODELS[kind], row_of(house, kind).pk
    owner = {"campaigns": CampaignAdmin, "groups": GroupAdmin}[kind]
    before(monkeypatch, owner, "log_deletions", lambda: remove(house, gone))
    address, data = page(model, "delete", pk), {"post": "yes"}
    if in_bulk:
        address, data = page(model), data | {"action": "delete_selected", "_selected_action": pk}
    reply = admin_client.post(address, data)
    assert (reply.status_code, reply["Location"]) == (302, page(model))
    assert "deleted in the background" in said(reply)
    assert_removed(house, kind)


@pytest.fixture
def deadlocks(monkeypatch):
    """The first removal that is asked for meets a deadlock."""
    errors, create = [DEADLOCK], Removal.objects.create

    def create_or_deadlock(**fields):
        if errors:
            raise errors.pop()
        return create(**fields)

    monkeypatch.setattr(Removal.objects, "create", create_or_deadlock)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["api", "admin", "admin in bulk", "verb"])
def test_a_deletion_that_meets_a_deadlock_is_tried_again(house, admin_client, deadlocks, kind, way):
    model, pk = MODELS[kind], row_of(house, kind).pk
    if way == "api":
        assert house.client.delete(house.addresses()[kind]).status_code == 202
    elif way == "admin":
        assert admin_client.post(page(model, "delete", pk), {"post": "yes"}).status_code == 302
    elif way == "admin in bulk":
        data = {"action": "delete_selected", "_selected_action": pk, "post": "yes"}
        assert admin_client.post(page(model), data).status_code == 302
    else:
        model.objects.get(pk=pk).remove()
    assert Removal.objects.count() == 1
    assert_removed(house, kind)
