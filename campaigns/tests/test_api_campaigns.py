import pytest

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member
from campaigns.models import Campaign
from campaigns.tests.house import House

pytestmark = pytest.mark.django_db
URL = "/api/campaigns/"


def test_a_campaign_without_a_team_belongs_to_ones_own_and_has_one_group(house):
    response = house.client.post(URL, {"name": "Spring"})
    assert response.status_code == 201
    made = response.json()
    assert made == {
        "id": made["id"],
        "team": house.team.pk,
        "name": "Spring",
        "time_zone": "UTC",
        "pixels_per_contact": 1,
        "tracking": "individual",
        "closed_at": None,
        "created_at": made["created_at"],
    }
    (group,) = Campaign.objects.get(pk=made["id"]).groups.all()
    assert (group.name, group.is_control) == ("A", False)


def test_a_campaign_can_begin_with_several_groups_the_first_being_the_control(house):
    made = house.client.post(URL, {"name": "Spring", "group_names": ["Old", "New"]}).json()
    groups = Campaign.objects.get(pk=made["id"]).groups.order_by("pk")
    assert [(group.name, group.is_control) for group in groups] == [("Old", True), ("New", False)]


@pytest.mark.parametrize(
    ("names", "code", "field"),
    [
        ([], "min_length", "group_names"),
        ([str(number) for number in range(21)], "max_length", "group_names"),
        (["A", "a"], "unique", "group_names"),
        (["A", ""], "blank", "group_names.1"),
        (["A", None], "null", "group_names.1"),
        ("A", "not_a_list", "group_names"),
        (["A" * 201], "max_length", "group_names.0"),
        (["A", "\u200b"], "invisible", "group_names.1"),
    ],
)
def test_odd_group_names_are_refused(house, names, code, field):
    response = house.client.post(URL, {"name": "Spring", "group_names": names})
    assert_problem(response, 400, code, field)
    assert not Campaign.objects.filter(name="Spring").exists()


@pytest.mark.parametrize("name", ["Spring", "SPRING", "  Spring "])
def test_a_team_has_one_campaign_of_a_name(house, name):
    house.client.post(URL, {"name": "Spring"})
    response = house.client.post(URL, {"name": name})
    assert_problem(response, 400, "unique", "name")
    assert response.json()["detail"] == "name: The team has a campaign of that name already."
    assert House().client.post(URL, {"name": name}).status_code == 201


def test_a_campaign_keeps_its_name_when_it_is_written_again(house):
    address = house.addresses()["campaigns"]
    body = {"name": house.campaign.name, "team": house.team.pk, "time_zone": "Europe/Berlin"}
    assert house.client.put(address, body).json()["time_zone"] == "Europe/Berlin"


def test_a_campaign_can_be_closed_and_opened_again(house):
    address = house.addresses()["campaigns"]
    closed = house.client.patch(address, {"closed_at": "2026-03-01T12:00:00+02:00"}).json()
    assert closed["closed_at"] == "2026-03-01T10:00:00Z"
    assert house.client.patch(address, {"closed_at": None}).json()["closed_at"] is None


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"time_zone": "Mars/Base"}, "time_zone", "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "time_zone"),
        ({"time_zone": "x" * 100_000}, "max_length", "time_zone"),
        ({"tracking": "always"}, "invalid_choice", "tracking"),
        ({"tracking": None}, "null", "tracking"),
        ({"pixels_per_contact": 0}, "min_value", "pixels_per_contact"),
        ({"pixels_per_contact": 11}, "max_value", "pixels_per_contact"),
        ({"pixels_per_contact": "two"}, "invalid", "pixels_per_contact"),
        ({"name": ""}, "blank", "name"),
        ({"name": "x" * 201}, "max_length", "name"),
        ({"name": "a\0b"}, "null_characters_not_allowed", "name"),
        ({"name": {"de": "Frühling"}}, "invalid", "name"),
        ({"closed_at": "yesterday"}, "invalid", "closed_at"),
        ({"closed_at": "0001-01-01T00:00:00+14:00"}, "overflow", "closed_at"),
        ({"closed_at": "9999-12-31T23:59:59-14:00"}, "overflow", "closed_at"),
        ({"closed_at": "0001-01-02T00:00:00Z"}, "year", "closed_at"),
    ],
)
def test_odd_values_are_refused_at_their_field(house, body, code, field):
    assert_problem(house.client.patch(house.addresses()["campaigns"], body), 400, code, field)


def test_a_campaign_can_not_change_teams(house):
    other = House(house.user)
    team = House().team
    Membership.objects.create(team=team, user=house.user, role=Membership.Role.MANAGER)
    response = house.client.patch(house.addresses()["campaigns"], {"team": team.pk})
    assert_problem(response, 400, "immutable", "team")
    assert other.campaign.team == house.team


def test_a_viewer_makes_campaigns_in_their_own_team_only(house):
    client = client_of(make_member(house.team, Membership.Role.VIEWER))
    assert_problem(
        client.post(URL, {"name": "Spring", "team": house.team.pk}), 403, "permission_denied"
    )
    assert client.post(URL, {"name": "Spring"}).status_code == 201


def test_deleting_a_campaign_takes_all_that_it_holds(house):
    assert house.client.delete(house.addresses()["campaigns"]).status_code == 202
    for kind in ("campaigns", "groups", "contacts", "pixels"):
        assert house.client.get(f"/api/{kind}/").json()["results"] == []


def test_groups_of_an_existing_campaign_are_not_named_by_it(house):
    response = house.client.patch(house.addresses()["campaigns"], {"group_names": ["X"]})
    assert_problem(response, 400, "immutable", "group_names")
