"""Lists: their shape, pages, filters, search, order, and what they cost."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from itertools import product
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.people import assert_problem, make_user
from campaigns.models import Campaign, Contact
from campaigns.tests.house import House

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def listed(house, kind, **query):
    response = house.client.get(f"/api/{kind}/", query)
    assert response.status_code == 200, response.content
    return response.json()["results"]


def walk(house, url):
    """All pages from the first to the last, then back again; the ids of each."""
    there, back = [], []
    while url:
        page = house.client.get(url).json()
        there.append([row["id"] for row in page["results"]])
        url, before = page["next"], page["previous"]
    while before:
        page = house.client.get(before).json()
        back.insert(0, [row["id"] for row in page["results"]])
        before = page["previous"]
    return there, back


def test_a_list_is_a_page_with_its_neighbours(house):
    page = house.client.get("/api/groups/?page_size=1").json()
    assert page.keys() == {"next", "previous", "results"}
    assert page["previous"] is None
    assert [row["id"] for row in page["results"]] == [house.other_group.pk]  # newest first
    assert [row["id"] for row in house.client.get(page["next"]).json()["results"]] == [
        house.group.pk
    ]


@pytest.mark.parametrize("ordering", ["scheduled_at", "-scheduled_at", "id", "-id", ""])
def test_pages_hold_every_row_once_even_where_all_share_one_moment(house, ordering):
    Contact.objects.all().remove()
    for number in range(7):
        house.add_contact(scheduled_at=NOON + timedelta(seconds=number // 5))
    there, back = walk(house, f"/api/contacts/?page_size=2&ordering={ordering}")
    ids = [pk for page in there for pk in page]
    descending = not ordering or ordering.startswith("-")
    assert ids == sorted(Contact.objects.values_list("pk", flat=True), reverse=descending)
    assert [len(page) for page in there] == [2, 2, 2, 1]
    assert [pk for page in back for pk in page] == ids[: len(ids) - 1]


def test_names_that_differ_in_case_only_are_paged_without_a_gap(house):
    Campaign.objects.all().delete()
    teams = [make_user().own_team for _ in range(5)]
    for team, name in zip(teams, ["b", "B", "a", "A", "b"], strict=True):
        Campaign.objects.start(team=team, name=name)
    root = House(make_user(is_superuser=True))
    there, _ = walk(root, "/api/campaigns/?page_size=1&ordering=name")
    names = [Campaign.objects.get(pk=pk).name.lower() for (pk,) in there]
    assert names == ["a", "a", "b", "b", "b", root.campaign.name.lower()]


def test_a_row_that_is_added_while_one_pages_moves_no_other(house):
    page = house.client.get("/api/groups/?page_size=1").json()
    house.client.post("/api/groups/", {"campaign": house.campaign.pk, "name": "C"})
    assert [row["id"] for row in house.client.get(page["next"]).json()["results"]] == [
        house.group.pk
    ]


@pytest.mark.parametrize("size", ["0", "-1", "x", "", "1e9", "9" * 5000])
def test_an_odd_page_size_is_the_usual_one(house, size):
    assert len(listed(house, "groups", page_size=size)) == 2


@pytest.mark.parametrize("kind", ["campaigns", "groups", "contacts", "pixels"])
def test_a_list_takes_the_same_queries_for_more_rows_and_counts_none(
    house, kind, django_assert_num_queries
):
    queries = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            before = len(listed(house, kind))
        queries.append(len(captured))
        assert not any("COUNT(" in query["sql"] for query in captured)
        for _ in range(5):
            House(house.user)
        assert len(listed(house, kind)) >= before + 5
    # the user, the rows; before them their groups and which they are, the pixels after them
    cost = {"campaigns": 2, "groups": 2, "contacts": 5, "pixels": 4}[kind]
    assert queries == [cost, cost]


@pytest.mark.parametrize("kind", ["campaigns", "groups", "contacts", "pixels"])
def test_the_browsable_page_of_a_list_costs_the_same_for_more_rows(house, kind):
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            page = house.client.get(f"/api/{kind}/", HTTP_ACCEPT="text/html")
        assert page.status_code == 200
        costs.append(len(captured))
        assert not any("COUNT(" in query["sql"] for query in captured)
        for _ in range(3):
            House(house.user)
    assert costs[0] == costs[1]


def test_contacts_are_filtered_by_what_they_belong_to_and_when_they_are_due(house):
    late = house.add_contact(house.other_group, scheduled_at=NOON + timedelta(days=1))
    soon = house.add_contact(scheduled_at=NOON, external_id="crm-7")
    House(house.user)

    def ids(**query):
        return {row["id"] for row in listed(house, "contacts", **query)}

    assert ids(campaign=house.campaign.pk) == {house.contact.pk, late.pk, soon.pk}
    assert ids(group=house.other_group.pk) == {late.pk}
    assert ids(email=f" {soon.email.upper()}") == {soon.pk}
    assert ids(external_id="crm-7") == {soon.pk}
    assert ids(sent="true") == set()
    Contact.objects.filter(pk=soon.pk).update(sent_at=NOON)
    assert ids(sent="true") == {soon.pk}
    assert soon.pk not in ids(sent="false")
    window = {"scheduled_since": "2026-03-01T12:00:00Z", "scheduled_until": "2026-03-02T12:00:00Z"}
    assert ids(**window) == {soon.pk}


def test_search_finds_names_and_addresses(house):
    ada = house.add_contact(email="ada@example.org", name="Lovelace")
    for term in ("ada@", "lovelace", "example.org lace"):
        assert [row["id"] for row in listed(house, "contacts", search=term)] == [ada.pk]
    assert [row["id"] for row in listed(house, "campaigns", search=house.campaign.name)]
    assert listed(house, "campaigns", search="nothing of that name") == []


def test_groups_pixels_and_campaigns_are_filtered(house):
    House(house.user)
    assert [row["id"] for row in listed(house, "groups", campaign=house.campaign.pk,
                                        is_control="true")] == [house.group.pk]  # fmt: skip
    assert [row["id"] for row in listed(house, "pixels", contact=house.contact.pk,
                                        number=1)] == [house.pixel.pk]  # fmt: skip
    assert listed(house, "pixels", uuid=str(house.pixel.uuid))[0]["id"] == house.pixel.pk
    assert [row["id"] for row in listed(house, "groups", campaign=house.campaign.pk,
                                        name="b")] == [house.other_group.pk]  # fmt: skip
    assert [row["id"] for row in listed(house, "campaigns", name=house.campaign.name.upper())] == [
        house.campaign.pk
    ]
    assert listed(house, "campaigns", name="Campaign") == []
    assert len(listed(house, "campaigns", team=house.team.pk, closed="false")) == 2
    house.campaign.close()
    assert [row["id"] for row in listed(house, "campaigns", closed="true")] == [house.campaign.pk]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("contacts/?group=abc", "group"),
        ("contacts/?group=1.5", "group"),
        ("contacts/?group=NaN", "group"),
        ("contacts/?scheduled_since=yesterday", "scheduled_since"),
        ("contacts/?scheduled_since=0001-01-01T00:00:00%2B14:00", "scheduled_since"),
        ("contacts/?scheduled_until=9999-12-31T23:59:59-14:00", "scheduled_until"),
        ("contacts/?email=a%00b", "email"),
        ("contacts/?search=a%00b", "search"),
        ("contacts/?search=" + "x" * 60_000, "search"),
        ("contacts/?ordering=email_key", "ordering"),
        ("contacts/?ordering=sent_at", "ordering"),
        ("contacts/?ordering=id,scheduled_at", "ordering"),
        ("pixels/?uuid=x", "uuid"),
        ("campaigns/?tracking=x", "tracking"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(house, query, field):
    response = house.client.get(f"/api/{query}")
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] in ([field], [None])


@pytest.mark.parametrize("name", ["group", "campaign"])
@pytest.mark.parametrize("id_", ["9" * 19, "9" * 400, "-5", "-" + "9" * 19, str(2**63), " 1 1"])
def test_an_id_that_can_not_be_is_no_filter(house, id_, name):
    response = house.client.get("/api/contacts/", {name: id_})
    assert_problem(response, 400, "invalid")
    assert response.json()["errors"][0]["field"] == name


def test_the_highest_id_that_can_be_finds_nothing(house):
    assert listed(house, "contacts", group=2**63 - 1) == []


def cursor(**tokens) -> str:
    return b64encode(urlencode(tokens).encode()).decode()


@pytest.mark.parametrize("ordering", ["id", "-id", "scheduled_at", "name"])
@pytest.mark.parametrize(
    "garbage",
    [
        "x",
        "ü",
        "====",
        "\0",
        cursor(p=""),
        cursor(p="x"),
        cursor(p="x|"),
        cursor(p="|x"),
        cursor(p="7|x"),
        cursor(p="7|1e5"),
        cursor(p="x|1", r="x"),
        cursor(o="x"),
        cursor(p="2026-03-01T12:00:00+00:00|" + "9" * 5000),
    ],
)
def test_a_cursor_that_is_none_is_404(house, garbage, ordering):
    kind = "campaigns" if ordering == "name" else "contacts"
    response = house.client.get(f"/api/{kind}/", {"cursor": garbage, "ordering": ordering})
    assert_problem(response, 404, "not_found")


@pytest.mark.parametrize("ordering", ["id", "-id", "scheduled_at", "-scheduled_at", "name"])
@pytest.mark.parametrize(
    "value",
    [
        "\0",
        "\ud800",
        "😀",
        "-1",
        "9" * 40,
        "-" + "9" * 40,
        "2026-03-01",
        "2026-03-01T12:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-13-01T00:00:00Z",
    ],
)
def test_no_cursor_makes_the_server_fail(house, ordering, value):
    kind = "campaigns" if ordering == "name" else "contacts"
    for reverse, pk in product(("0", "1"), ("-1", "0", "9" * 40, "-" + "9" * 40)):
        position = f"{value}|{pk}".encode(errors="surrogatepass")
        query = {"cursor": cursor(p=position, r=reverse, o="5"), "ordering": ordering}
        response = house.client.get(f"/api/{kind}/", query)
        assert response.status_code in (200, 404), (reverse, pk)
