"""The winner is chosen by an editor, and what it was chosen on stays."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.models import Campaign
from campaigns.tests.house import House
from campaigns.tests.removed import finish_removals
from tracking.models import CampaignDecision
from tracking.tests.opened import MACHINE, PERSON, open_pixel

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def house():
    """Of two contacts in each group, a person and a machine opened B's mails."""
    with time_machine.travel(NOON, tick=False):
        house = House(pixels=1)
        house.add_contact()
        one, other = (house.add_contact(house.other_group) for _ in range(2))
        open_pixel(one.pixels.get(), NOON, PERSON)
        open_pixel(other.pixels.get(), NOON, MACHINE)
        house.address = f"/api/campaigns/{house.campaign.pk}/decide/"
        yield house


def decide(house, client=None, **body):
    body = {"group": house.other_group.pk} | body
    return (client or house.client).post(house.address, body, format="json")


def decisions(house, client=None) -> list[dict]:
    response = (client or house.client).get(house.address)
    assert response.status_code == 200, response.content
    return response.json()["results"]


def test_a_group_is_chosen_with_the_figures_of_the_moment(house):
    response = decide(house, remark="B it is.")
    assert response.status_code == 201, response.content
    found = response.json()
    assert (found["group"], found["group_name"]) == (house.other_group.pk, "B")
    assert (found["by"], found["remark"]) == (house.user.username, "B it is.")
    assert found["at"] == found["figures"]["as_of"] == "2026-03-01T12:00:00Z"
    control, chosen = found["figures"]["groups"]
    assert (control["id"], control["is_control"], control["due"]) == (house.group.pk, True, 2)
    assert (chosen["raw"]["contacts"], chosen["verified"]["contacts"]) == (2, 1)
    assert (chosen["versus_control"]["difference"], chosen["unknown"]) == (0.5, 1)
    assert chosen["versus_control_raw"]["difference"] == 1
    assert chosen["versus_control"]["result"] == "too early"
    assert "series" not in chosen
    assert decisions(house) == [found]


def test_what_is_opened_later_changes_no_decision(house):
    before = decide(house).json()
    with time_machine.travel(NOON + HOUR, tick=False):
        open_pixel(house.pixel, NOON + HOUR, PERSON)
        house.client = client_of(house.user)
        assert decisions(house) == [before]


def test_a_later_decision_is_added(house):
    first = decide(house).json()
    second = decide(house, group=house.group.pk).json()
    assert decisions(house) == [second, first]
    assert second["remark"] == ""


def test_a_decision_can_neither_be_changed_nor_deleted(house):
    decide(house)
    for verb in (house.client.put, house.client.patch, house.client.delete):
        assert_problem(verb(house.address), 405, "method_not_allowed")
    assert len(decisions(house)) == 1


def test_editors_decide_and_viewers_read(house):
    viewer = client_of(make_member(house.team, Membership.Role.VIEWER))
    editor = client_of(make_member(house.team, Membership.Role.EDITOR))
    assert_problem(decide(house, viewer), 403, "permission_denied")
    assert decide(house, editor).status_code == 201
    assert len(decisions(house, viewer)) == 1


def test_the_campaign_of_another_team_is_not_found(house):
    stranger = client_of(make_user())
    assert_problem(decide(house, stranger), 404, "not_found")
    assert_problem(stranger.get(house.address), 404, "not_found")
    assert_problem(house.client.get("/api/campaigns/987654321/decide/"), 404, "not_found")


def test_a_group_of_another_campaign_is_refused(house):
    other = Campaign.objects.start(team=house.team, name="Another").groups.get()
    assert_problem(decide(house, group=other.pk), 400, "other_campaign", "group")
    theirs = House().group
    assert_problem(decide(house, group=theirs.pk), 400, "does_not_exist", "group")
    assert_problem(decide(house, group="B"), 400, "invalid", "group")
    assert_problem(house.client.post(house.address, {}), 400, "required", "group")
    assert_problem(decide(house, remark="x" * 256), 400, "max_length", "remark")
    assert decisions(house) == []


def test_a_decision_outlives_its_group(house):
    decide(house)
    house.other_group.remove()
    finish_removals()
    [found] = decisions(house)
    assert (found["group"], found["group_name"]) == (None, "B")
    assert found["figures"]["groups"][1]["name"] == "B"


def test_a_decision_goes_with_its_campaign(house):
    decide(house)
    house.campaign.remove()
    finish_removals()
    assert not CampaignDecision.objects.exists()
