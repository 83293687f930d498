"""What a server may do with an API key: what its role allows in its team, and no more."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.people import assert_problem, client_with, make_key, make_user
from campaigns.models import Campaign
from campaigns.tests.access import KINDS, Role, assert_allows, counts, send
from campaigns.tests.house import House

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", Role)
def test_a_key_may_do_what_its_role_allows(house, kind, role):
    assert_allows(role, client_with(make_key(house.team, role)), house, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_outside_of_its_team_nothing_exists_for_it(house, kind):
    client, before = client_with(make_key(House().team, Role.MANAGER)), counts()
    for method in ("get", "put", "patch", "delete"):
        assert_problem(send(client, house, kind, method), 404, "not_found")
    parent = next(iter(house.bodies()[kind]))
    assert_problem(send(client, house, kind, "post"), 400, "does_not_exist", field=parent)
    rows = client.get(f"/api/{kind}/", {"search": "contact"}).json()["results"]
    assert house.addresses()[kind].split("/")[3] not in {str(row["id"]) for row in rows}
    assert counts() == before


def test_the_key_of_a_team_of_its_makers_opens_that_team_only(house):
    """Whatever else its maker may see: a superuser's key has one team, too."""
    other = House(make_user(is_superuser=True))
    client = client_with(make_key(other.team, Role.MANAGER))
    ids = [row["id"] for row in client.get("/api/campaigns/").json()["results"]]
    assert ids == [other.campaign.pk]


def test_a_campaign_goes_to_the_team_of_the_key_unless_one_says(house):
    made = client_with(make_key(house.team, Role.EDITOR)).post("/api/campaigns/", {"name": "New"})
    assert made.status_code == 201
    assert Campaign.objects.get(pk=made.json()["id"]).team == house.team


def test_a_viewers_key_makes_no_campaign_by_naming_none(house):
    response = client_with(make_key(house.team, Role.VIEWER)).post("/api/campaigns/", {"name": "X"})
    assert_problem(response, 403, "permission_denied")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_asks_no_more_of_the_database_than_a_user(house, kind):
    costs = []
    client = client_with(make_key(house.team, Role.EDITOR))
    client.get("/api/teams/")  # its use is noted once a minute
    for each in (house.client, client):
        for method in ("get", "patch"):
            with CaptureQueriesContext(connection) as captured:
                assert send(each, house, kind, method).status_code == 200
            costs.append(len(captured))
    user_reads, user_writes, key_reads, key_writes = costs
    assert key_reads <= user_reads
    assert key_writes <= user_writes
