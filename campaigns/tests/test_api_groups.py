import pytest

from accounts.tests.people import assert_problem
from campaigns.models import Campaign, Contact, Group
from campaigns.tests.removed import finish_removals

pytestmark = pytest.mark.django_db
URL = "/api/groups/"


def controls(house):
    return [group.name for group in house.campaign.groups.filter(is_control=True)]


def test_a_group_is_added_to_a_campaign(house):
    made = house.client.post(URL, {"campaign": house.campaign.pk, "name": "C"})
    assert made.status_code == 201
    assert made.json() == {
        "id": made.json()["id"],
        "campaign": house.campaign.pk,
        "name": "C",
        "is_control": False,
        "created_at": made.json()["created_at"],
    }


def test_a_new_control_takes_the_place_of_the_old_one(house):
    assert controls(house) == ["A"]
    body = {"campaign": house.campaign.pk, "name": "C", "is_control": True}
    assert house.client.post(URL, body).json()["is_control"] is True
    assert controls(house) == ["C"]


def test_another_group_becomes_the_control(house):
    address = f"{URL}{house.other_group.pk}/"
    response = house.client.patch(address, {"is_control": True, "name": "New"})
    assert response.json()["is_control"] is True
    assert controls(house) == ["New"]


def test_a_campaign_may_do_without_a_control(house):
    house.client.patch(f"{URL}{house.group.pk}/", {"is_control": False})
    assert controls(house) == []


def test_two_groups_of_a_campaign_differ_in_name(house):
    for name in ("A", "a", " A"):
        response = house.client.post(URL, {"campaign": house.campaign.pk, "name": name})
        assert_problem(response, 400, "unique", "name")
    assert_problem(
        house.client.patch(f"{URL}{house.other_group.pk}/", {"name": "A"}), 400, "unique", "name"
    )


def test_a_group_that_was_made_a_moment_ago_is_named_as_validation_would(house, monkeypatch):
    """Two requests at once: both find the name free, and the database takes one of them."""
    checks = []

    def blind_once(self, exclude=None):
        checks.append(self.name)
        if len(checks) > 1:
            original(self, exclude)

    original = Group.validate_constraints
    monkeypatch.setattr(Group, "validate_constraints", blind_once)
    response = house.client.post(URL, {"campaign": house.campaign.pk, "name": "B"})
    assert_problem(response, 400, "unique", "name")
    assert len(checks) == 2


def test_a_race_that_left_no_trace_is_a_conflict(house, monkeypatch):
    monkeypatch.setattr(Group, "validate_constraints", lambda self, exclude=None: None)
    response = house.client.post(URL, {"campaign": house.campaign.pk, "name": "B"})
    assert_problem(response, 409, "conflict")


def test_a_group_stays_in_its_campaign(house):
    other = Campaign.objects.start(team=house.team, name="Other")
    address = f"{URL}{house.group.pk}/"
    assert_problem(
        house.client.patch(address, {"campaign": other.pk}), 400, "immutable", "campaign"
    )
    assert house.client.patch(address, {"campaign": house.campaign.pk}).status_code == 200


def test_a_group_goes_with_its_contacts(house):
    assert house.client.delete(f"{URL}{house.group.pk}/").status_code == 202
    finish_removals()
    assert not Contact.objects.filter(pk=house.contact.pk).exists()


def test_the_last_group_stays(house):
    house.client.delete(f"{URL}{house.group.pk}/")
    response = house.client.delete(f"{URL}{house.other_group.pk}/")
    assert_problem(response, 409, "last_group")
    assert "at least one group" in response.json()["detail"]
    assert house.campaign.groups.count() == 1
