from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.models import Contact
from campaigns.tests.house import House
from campaigns.tests.removed import finish_removals
from tracking.models import ContactOpenings, Opening, OpeningCount, UserAgent
from tracking.models.user_agent import user_agent_fingerprint
from tracking.tests.opened import GMAIL, PERSON, open_pixel

pytestmark = pytest.mark.django_db
URL = "/api/openings/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def house():
    """Its contact opened the mail, which has two pixels."""
    house = House()
    for pixel in house.contact.pixels.order_by("number"):
        open_pixel(pixel, NOON)
    return house


def listed(client, /, **query):
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    return response.json()["results"]


def test_an_opening_tells_who_when_and_by_what(house):
    opening = Opening.objects.get(pixel=house.pixel)
    (found,) = listed(house.client, pixel=house.pixel.pk)
    assert found == house.client.get(f"{URL}{opening.pk}/").json()
    assert list(found.items()) == [
        ("id", opening.pk),
        ("event_id", str(opening.event_id)),
        ("pixel", house.pixel.pk),
        ("contact", house.contact.pk),
        ("group", house.group.pk),
        ("opened_at", "2026-03-01T12:00:00Z"),
        ("recorded_at", opening.recorded_at.isoformat().replace("+00:00", "Z")),
        ("begins_mail_open", True),
        ("verdict", "human"),
        ("reason", opening.reason),
        ("rules_date", opening.rules_date.isoformat()),
        ("user_agent", PERSON),
        ("client", "Thunderbird"),
        ("os", "Linux"),
        ("device", found["device"]),
        ("network", "203.0.113.0/24"),
        ("network_label", ""),
    ]


@pytest.mark.parametrize("under", ["", "campaigns", "contacts"])
def test_a_page_may_hold_a_thousand_user_agents(house, under):
    agents = [
        UserAgent(text=f"agent {n}", fingerprint=UUID(bytes=user_agent_fingerprint(f"agent {n}")))
        for n in range(1_000)
    ]
    UserAgent.objects.bulk_create(agents)
    contact, group = house.contact, house.group
    Opening.objects.bulk_create(
        Opening(
            event_id=uuid4(),
            pixel=house.pixel,
            contact=contact,
            group=group,
            user_agent=agent,
            opened_at=NOON,
            verdict="human",
        )
        for agent in UserAgent.objects.filter(text__startswith="agent")
    )
    parent = house.addresses()[under].removeprefix("/api/") if under else ""
    reply = house.client.get(f"/api/{parent}openings/", {"page_size": 1000, "ordering": "-id"})
    assert reply.status_code == 200, reply.content
    found = [opening["user_agent"] for opening in reply.json()["results"]]
    assert len(set(found)) == 1_000
    assert set(found) <= {f"agent {n}" for n in range(1_000)}


def test_a_viewer_reads_them_and_another_team_does_not(house):
    opening = Opening.objects.first()
    viewer = client_of(make_member(house.team, Membership.Role.VIEWER))
    assert len(listed(viewer)) == 2
    stranger = client_of(make_user())
    assert listed(stranger) == listed(stranger, contact=house.contact.pk) == []
    assert_problem(stranger.get(f"{URL}{opening.pk}/"), 404, "not_found")


def test_they_are_filtered_by_what_they_belong_to(house):
    other = House(house.user)
    open_pixel(other.pixel, NOON)
    for name, row in {
        "campaign": other.campaign,
        "group": other.group,
        "contact": other.contact,
        "pixel": other.pixel,
    }.items():
        (found,) = listed(house.client, **{name: row.pk})
        assert found["pixel"] == other.pixel.pk


def test_they_are_filtered_by_what_happened(house):
    open_pixel(house.pixel, NOON + 2 * HOUR, GMAIL)
    assert len(listed(house.client, begins_mail_open="true")) == 2
    assert len(listed(house.client, verdict="human")) == 2
    assert len(listed(house.client, client="Thunderbird")) == 2
    (late,) = listed(house.client, opened_since="2026-03-01T12:00:00.001Z")
    assert late["verdict"] == "proxy"
    assert len(listed(house.client, opened_until="2026-03-01T14:00:00Z")) == 2
    assert listed(house.client, event_id=late["event_id"]) == [late]


@pytest.mark.parametrize(
    "query", ["verdict=x", "event_id=x", "opened_since=x", "group=x", "ordering=verdict"]
)
def test_a_filter_that_makes_no_sense_is_named(house, query):
    response = house.client.get(f"{URL}?{query}")
    assert_problem(response, 400, "invalid")
    assert response.json()["errors"][0]["field"] == query.split("=")[0]


@pytest.mark.parametrize("ordering", ["opened_at", "-opened_at", "id", "-id"])
def test_pages_hold_each_opening_once_in_order(house, ordering):
    for number in range(3):
        open_pixel(house.add_contact().pixels.first(), NOON - number * HOUR)
    url, ids = f"{URL}?page_size=1&ordering={ordering}", []
    while url:
        page = house.client.get(url).json()
        ids += [row["id"] for row in page["results"]]
        url = page["next"]
    sign = "-" if ordering.startswith("-") else ""
    assert ids == list(Opening.objects.order_by(ordering, f"{sign}pk").values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("accept", "cost"),
    [
        ("application/json", 5),  # the user, their groups, which openings, those, the User-Agents
        ("text/html", 6),  # the groups once more, for the form of filters
    ],
)
def test_a_list_takes_the_same_queries_for_more_rows_and_counts_none(house, accept, cost):
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            assert house.client.get(URL, HTTP_ACCEPT=accept).status_code == 200
        costs.append(len(captured))
        assert not any("COUNT(" in query["sql"] for query in captured)
        for number in range(5):
            open_pixel(house.add_contact().pixels.first(), NOON, f"Reader {number}")
    assert costs == [cost, cost]


def test_a_pixel_that_was_opened_stays(house):
    response = house.client.delete(f"/api/pixels/{house.pixel.pk}/")
    assert_problem(response, 409, "conflict")
    assert Opening.objects.count() == 2


@pytest.mark.parametrize("kind", ["contacts", "groups", "campaigns"])
def test_openings_and_counts_go_with_what_they_belong_to(house, kind):
    open_pixel(house.add_contact(house.other_group).pixels.first(), NOON)
    expected = 204 if kind == "contacts" else 202
    assert house.client.delete(house.addresses()[kind]).status_code == expected
    finish_removals()
    left = 0 if kind == "campaigns" else 1
    assert Opening.objects.count() == ContactOpenings.objects.count() == left
    assert sum(OpeningCount.objects.values_list("openings", flat=True)) == left
    assert not Contact.objects.filter(pk=house.contact.pk).exists()


@pytest.mark.parametrize("kind", ["campaigns", "contacts"])
def test_they_are_listed_under_what_they_belong_to(house, kind):
    other = House(house.user)
    open_pixel(other.pixel, NOON)
    address = f"{house.addresses()[kind]}openings/"
    found = house.client.get(address).json()["results"]
    assert found == listed(house.client, **{kind.rstrip("s"): address.split("/")[3]})
    assert len(found) == 2
    assert_problem(client_of(make_user()).get(address), 404, "not_found")
    for method in ("post", "put", "patch", "delete"):
        assert_problem(getattr(house.client, method)(address), 405, "method_not_allowed")


@pytest.mark.parametrize("kind", ["campaigns", "contacts"])
def test_a_list_under_what_they_belong_to_takes_the_same_queries_for_more_rows(house, kind):
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            response = house.client.get(f"{house.addresses()[kind]}openings/")
            assert response.status_code == 200
        costs.append(len(captured))
        assert not any("COUNT(" in query["sql"] for query in captured)
        for number in range(5):
            open_pixel(house.pixel, NOON + (number + 1) * 2 * HOUR, f"Reader {number}")
    assert costs[0] == costs[1]
