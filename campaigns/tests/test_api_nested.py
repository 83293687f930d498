"""Lists under the address of what they belong to, and what they cost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.models import Group
from campaigns.tests.house import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """Two contacts, one in each group; the team has another campaign beside it."""
    house = House()
    house.late = house.add_contact(house.other_group)
    House(house.user)
    return house


def addresses(house) -> dict:
    """Each nested list: its address, and the flat list that says the same."""
    campaign, group, contact = house.campaign.pk, house.group.pk, house.contact.pk
    return {
        f"/api/campaigns/{campaign}/groups/": f"/api/groups/?campaign={campaign}",
        f"/api/campaigns/{campaign}/contacts/": f"/api/contacts/?campaign={campaign}",
        f"/api/groups/{group}/contacts/": f"/api/contacts/?group={group}",
        f"/api/contacts/{contact}/pixels/": f"/api/pixels/?contact={contact}",
    }


NUMBERS = range(4)


def pick(house, number) -> tuple[str, str]:
    return list(addresses(house).items())[number]


def ids(response):
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_nested_list_is_the_flat_one_of_its_row(house, number):
    nested, flat = pick(house, number)
    found = house.client.get(nested)
    assert ids(found) == ids(house.client.get(flat))
    assert len(ids(found)) == (1 if number == 2 else 2)
    assert found.json().keys() == {"next", "previous", "results"}
    keys = [set(row) for row in found.json()["results"]]
    assert keys == [set(row) for row in house.client.get(flat).json()["results"]]


def test_it_is_paged_filtered_searched_and_ordered_as_the_flat_one(house):
    address = f"/api/campaigns/{house.campaign.pk}/contacts/"
    both = [house.contact.pk, house.late.pk]
    first = house.client.get(address, {"page_size": 1, "ordering": "id"})
    assert ids(first) == both[:1]
    assert ids(house.client.get(first.json()["next"])) == both[1:]
    assert ids(house.client.get(address, {"group": house.other_group.pk})) == both[1:]
    assert ids(house.client.get(address, {"search": house.contact.email})) == both[:1]
    assert_problem(house.client.get(address, {"group": "x"}), 400, "invalid", "group")


@pytest.mark.parametrize("number", NUMBERS)
def test_under_another_teams_row_there_is_nothing(house, number):
    address, _ = pick(house, number)
    for method in ("get", "head", "options"):
        response = getattr(client_of(make_user()), method)(address)
        assert response.status_code == 404, method
    assert_problem(client_of(make_user()).options(address), 404, "not_found")
    assert_problem(APIClient().get(address), 401, "not_authenticated")
    viewer = client_of(make_member(house.team, Membership.Role.VIEWER))
    assert ids(viewer.get(address))
    assert ids(client_of(make_user(is_superuser=True)).get(address))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("id_", ["0", "99999999", "9" * 30, "9" * 5000, "-1", "x", "%00"])
def test_under_a_row_that_is_none_there_is_nothing(house, number, id_):
    _, _, kind, _, rows, _ = pick(house, number)[0].split("/")
    for ask in (house.client.get, house.client.options):
        assert_problem(ask(f"/api/{kind}/{id_}/{rows}/"), 404, "not_found")


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_nested_list_is_only_read(house, number, method):
    address, _ = pick(house, number)
    assert_problem(getattr(house.client, method)(address), 405, "method_not_allowed")


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_it_takes_the_same_queries_for_more_rows_and_counts_none(house, number, accept):
    address, costs = pick(house, number)[0], []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            assert house.client.get(address, HTTP_ACCEPT=accept).status_code == 200
        costs.append(len(captured))
        assert not any("COUNT(" in query["sql"] for query in captured)
        for more in range(5):
            house.add_contact()
            Group.objects.create(campaign=house.campaign, name=f"Arm {more} {len(costs)}")
        house.contact.add_pixels(5)
    assert costs[0] == costs[1]
    assert costs[0] <= 9
