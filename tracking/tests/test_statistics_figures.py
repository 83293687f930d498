"""What is told of openings by period, zone and verdict; all figures are worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.tests.people import assert_problem, client_of
from campaigns.models import Campaign
from campaigns.tests.house import House
from tracking.models import CountedDay, OpeningBreakdown
from tracking.tests.opened import GMAIL, MACHINE, PERSON, open_pixel

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)  # a Sunday
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SUNDAY = 6
NONE = {"openings": 0, "mail_opens": 0, "contacts": 0}
CODES = {
    "bukcet": "unknown_field",
    "tz": "time_zone",
    "bucket": "invalid_choice",
    "verdict": "invalid_choice",
}


@pytest.fixture
def house():
    """Four contacts due since 11:00, three of which have opened by half past two: Ada all of her
    mail at 12:05, Bob by Gmail's proxy at 12:50, and a machine Eve's at 13:05."""
    with time_machine.travel(NOON + 2 * HOUR + 30 * MINUTE, tick=False):
        house = House(pixels=2)
        house.contact.remove()
        ada, bob, eve, _ = (house.add_contact(scheduled_at=NOON - HOUR) for _ in range(4))
        for pixel in ada.pixels.all():
            open_pixel(pixel, NOON + 5 * MINUTE, PERSON)
        open_pixel(bob.pixels.get(number=1), NOON + 50 * MINUTE, GMAIL)
        open_pixel(eve.pixels.get(number=1), NOON + 65 * MINUTE, MACHINE)
        house.eve = eve
        yield house


def get(house, **query):
    return house.client.get(f"/api/campaigns/{house.campaign.pk}/statistics/", query)


def statistics(house, **query):
    response = get(house, **query)
    assert response.status_code == 200, response.content
    return response.json()


def test_figures_are_told_raw_and_verified(house):
    found = statistics(house)
    raw, verified = found["raw"], found["verified"]
    assert (raw["openings"], raw["mail_opens"], raw["contacts"]) == (4, 3, 3)
    assert (verified["openings"], verified["mail_opens"], verified["contacts"]) == (3, 2, 2)
    assert found["open_rate"] == raw["open_rate"]
    assert (raw["open_rate"]["value"], verified["open_rate"]["value"]) == (0.75, 0.5)
    # statsmodels' proportion_confint(2, 4, method="wilson")
    assert verified["open_rate"]["low"] == pytest.approx(0.1500390, abs=1e-6)
    assert verified["open_rate"]["high"] == pytest.approx(0.8499610, abs=1e-6)


def test_a_contact_that_only_a_machine_opened_is_unknown(house):
    assert statistics(house)["unknown"] == 1
    # Also where the person opens outside of the period that is asked for.
    open_pixel(house.eve.pixels.get(number=1), NOON + 80 * MINUTE, PERSON)
    assert statistics(house)["unknown"] == statistics(house, to="2026-03-01T13:15:00Z")["unknown"]
    assert statistics(house)["unknown"] == 0


def test_a_period_begins_and_ends_with_quarters_of_an_hour(house):
    found = statistics(house, **{"from": "2026-03-01T12:45:00Z"})
    assert found["openings"] == {"total": 2, "human": 0, "proxy": 1, "machine": 1}
    assert found["opened_contacts"] == {"any": 2, "verified": 1}
    found = statistics(house, **{"from": "2026-03-01T12:45:00Z", "to": "2026-03-01T14:00:00+01:00"})
    assert found["openings"] == {"total": 1, "human": 0, "proxy": 1, "machine": 0}
    assert found["open_rate"]["value"] == 0.25
    assert [each["verdict"] for each in found["verdicts"]] == ["proxy"]
    assert statistics(house, to="2026-03-01T12:00:00Z")["raw"]["openings"] == 0


def test_breakdowns_go_by_whole_days(house):
    same = statistics(house, **{"from": "2026-03-01T14:00:00Z"})
    assert same["clients"] == statistics(house)["clients"]
    assert statistics(house, **{"from": "2026-03-02T00:00:00Z"})["clients"] == []
    assert statistics(house, to="2026-03-01T00:00:00Z")["clients"] == []


def test_hours_are_those_of_the_zone_also_where_it_is_half_an_hour_off(house):
    found = statistics(house, tz="Asia/Kolkata")  # 17:35, 18:20 and 18:35 there
    assert [(each["at"], each["openings"], each["mail_opens"]) for each in found["series"]] == [
        ("2026-03-01T11:30:00Z", 2, 1),
        ("2026-03-01T12:30:00Z", 2, 2),
    ]
    week = found["weekday_hours"]
    assert (week["openings"][SUNDAY][17], week["openings"][SUNDAY][18]) == (2, 2)
    assert (week["mail_opens"][SUNDAY][17], week["mail_opens"][SUNDAY][18]) == (1, 2)
    assert sum(map(sum, week["openings"])) == 4
    assert (week["contacts"][SUNDAY][17], week["contacts"][SUNDAY][18]) == (1, 2)
    verified = {name: sum(map(sum, hours)) for name, hours in week["verified"].items()}
    assert verified == {"openings": 3, "mail_opens": 2, "contacts": 2}
    assert week["verified"]["openings"][SUNDAY][17:19] == [2, 1]


def test_hours_are_those_of_the_campaign_unless_a_zone_is_named(house):
    Campaign.objects.filter(pk=house.campaign.pk).update(time_zone="Pacific/Auckland")
    found = statistics(house)  # 01:05, 01:50 and 02:05 on Monday there
    assert found["tz"] == "Pacific/Auckland"
    assert found["weekday_hours"]["openings"][0][:3] == [0, 3, 1]
    assert statistics(house, tz="UTC")["weekday_hours"]["openings"][SUNDAY][12:14] == [3, 1]


def test_days_are_those_of_the_zone(house):
    [day] = statistics(house, bucket="day", tz="America/New_York")["series"]
    assert day == {
        "at": "2026-03-01T05:00:00Z",
        "openings": 4,
        "mail_opens": 3,
        "contacts": 3,
        "verified": {"openings": 3, "mail_opens": 2, "contacts": 2},
    }
    [day] = statistics(house, bucket="day", tz="Pacific/Auckland")["series"]
    assert day["at"] == "2026-03-01T11:00:00Z"


def test_the_hour_that_a_clock_is_set_back_to_comes_twice(house):
    pixel = house.eve.pixels.get(number=2)
    with time_machine.travel(datetime(2026, 10, 26, tzinfo=UTC), tick=False):
        for hour in (0, 1):  # both are between two and three o'clock
            open_pixel(pixel, datetime(2026, 10, 25, hour, 30, tzinfo=UTC))
        house.client = client_of(house.user)  # the other one's token has run out
        found = statistics(house, tz="Europe/Berlin", **{"from": "2026-10-25T00:00:00Z"})
    assert [each["at"] for each in found["series"]] == [
        "2026-10-25T00:00:00Z",
        "2026-10-25T01:00:00Z",
    ]
    assert found["weekday_hours"]["openings"][SUNDAY][2] == 2


def test_one_verdict_is_told_alone(house):
    found = statistics(house, verdict="proxy")
    assert found["openings"] == {"total": 1, "human": 0, "proxy": 1, "machine": 0}
    once = {"openings": 1, "mail_opens": 1, "contacts": 1}
    assert found["series"] == [{"at": "2026-03-01T12:00:00Z", **once, "verified": once}]
    assert [each["openings"] for each in found["clients"]] == [1]
    assert [each["verdict"] for each in found["reasons"]] == ["proxy"]
    # Bob's mail waited for 6,600 s; that bucket is from 6,310 to 7,943.
    assert found["time_to_open"] == {"p10": 6473.3, "p50": 7126.5, "p90": 7779.7}
    whole = statistics(house)
    for key in ("opened_contacts", "open_rate", "unknown", "due"):
        assert found[key] == whole[key]


def test_openings_are_told_by_client_system_reason_and_verdict(house):
    found = statistics(house)
    assert found["verdicts"] == [
        {"verdict": "human", "openings": 2, "mail_opens": 1, "contacts": 1},
        {"verdict": "proxy", "openings": 1, "mail_opens": 1, "contacts": 1},
        {"verdict": "machine", "openings": 1, "mail_opens": 1, "contacts": 1},
    ]
    thunderbird, *others = found["clients"]
    twice = {"openings": 2, "mail_opens": 1, "contacts": 1}
    assert thunderbird == {"name": "Thunderbird", **twice, "verified": twice}
    apple = next(each for each in others if each["name"] == "Apple Mail")
    assert (apple["openings"], apple["contacts"], apple["verified"]) == (1, 1, NONE)
    assert sum(each["openings"] for each in others) == 2
    assert found["systems"][0]["openings"] == 2
    assert sum(each["openings"] for each in found["systems"]) == 4
    assert (found["reasons"][0]["verdict"], found["reasons"][0]["openings"]) == ("human", 2)
    assert {each["verdict"] for each in found["reasons"]} == {"human", "proxy", "machine"}


def test_the_time_to_open_is_that_of_people_and_interpolated(house):
    # Ada's waited for 3,900 s, between 3,162 and 3,981; Bob's between 6,310 and 7,943.
    assert statistics(house)["time_to_open"] == {"p10": 3325.8, "p50": 3981.0, "p90": 7616.4}


def test_before_anybody_opened_there_is_no_time_to_open(house):
    assert statistics(house, to="2026-02-01T00:00:00Z")["time_to_open"] == {
        "p10": None,
        "p50": None,
        "p90": None,
    }


def test_how_much_was_rendered_is_told(house):
    assert statistics(house)["rendered_raw"] == {"top": 2, "part": 0, "complete": 1}


def test_what_persons_rendered_is_told_beside_what_machines_did(house):
    rows = OpeningBreakdown.objects.filter(dimension="rendered")
    rows.update(first_verified=0)
    rows.filter(verdict="human", first_openings=1).update(first_verified=1)  # Ada's alone
    CountedDay.objects.update(stamp=0)
    found = statistics(house)
    assert found["rendered"] == {"top": 0, "part": 0, "complete": 1}
    assert found["rendered_raw"] == {"top": 2, "part": 0, "complete": 1}
    assert statistics(house, verdict="machine")["rendered"]["top"] == 1


def test_a_first_opening_by_a_person_after_a_machine_is_one_of_each(house):
    open_pixel(house.eve.pixels.get(number=1), NOON + 130 * MINUTE, PERSON)
    found = {each["at"][11:13]: each for each in statistics(house)["series"]}
    assert (found["13"]["contacts"], found["13"]["verified"]) == (1, NONE)
    assert (found["14"]["contacts"], found["14"]["verified"]["contacts"]) == (0, 1)


def test_of_many_clients_the_rest_is_one(house):
    day = CountedDay.objects.get()
    OpeningBreakdown.objects.bulk_create(
        OpeningBreakdown(
            group=house.group,
            day=day.day,
            dimension="client",
            value=f"Client {number}",
            verdict="machine" if number % 2 else "human",
            openings=1,
            mail_opens=1,
        )
        for number in range(60)
    )
    CountedDay.objects.change([(house.group.pk, day.day)])
    clients = statistics(house)["clients"]
    assert len(clients) == 51
    assert clients[0]["name"] == "Thunderbird"
    rest = clients[-1]
    assert (rest["name"], rest["openings"], rest["contacts"]) == ("(others)", 60 + 3 - 50, 1)
    assert 0 < rest["verified"]["openings"] < rest["openings"]
    assert sum(each["openings"] for each in clients) == 64


def test_groups_have_them_as_well(house):
    first, second = statistics(house)["groups"]
    assert (first["unknown"], second["unknown"]) == (1, 0)
    assert (first["rendered_raw"]["top"], second["rendered_raw"]["top"]) == (2, 0)
    assert len(first["clients"]) > 0 == len(second["clients"])


def test_an_anonymous_campaign_tells_nothing_of_contacts(house):
    Campaign.objects.filter(pk=house.campaign.pk).update(tracking=Campaign.Tracking.ANONYMOUS)
    found = statistics(house)
    assert found["unknown"] is found["raw"]["contacts"] is found["verified"]["contacts"] is None
    assert set(found["time_to_open"].values()) == set(found["rendered"].values()) == {None}
    assert set(found["rendered_raw"].values()) == {None}
    for each in (found["series"][0], found["weekday_hours"], found["clients"][0]):
        assert each["contacts"] is each["verified"]["contacts"] is None
    assert found["verdicts"][0]["contacts"] is None
    assert found["raw"]["openings"] == 4
    assert all(group["versus_control"] is None for group in found["groups"])


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ({"from": "yesterday"}, "from", "2026-03-01T12:00:00Z"),
        ({"from": "2026-03-01T12:00:00"}, "from", "with its zone"),
        ({"to": "0001-01-01T00:00:00Z"}, "to", "from 2000"),
        ({"to": "0001-01-01T00:00:00+14:00"}, "to", "from 2000"),
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, "from", "before `to`"),
        ({"bucket": "week"}, "bucket", "hour, day"),
        ({"tz": "Mars/Olympus"}, "tz", "Europe/Berlin"),
        ({"tz": "../UTC"}, "tz", "Europe/Berlin"),
        ({"verdict": "robot"}, "verdict", "human, proxy, machine"),
        ({"bukcet": "day"}, "bukcet", "bucket, tz, verdict"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_with_what_to_do(house, query, field, words):
    response = get(house, **query)
    assert_problem(response, 400, CODES.get(field, "invalid"), field)
    [error] = response.json()["errors"]
    assert error["field"] == field
    assert words in error["detail"]


@pytest.mark.parametrize("name", ["verdict", "tz", "from"])
def test_a_parameter_that_comes_twice_is_refused(house, name):
    query = {"verdict": ["human", "machine"], "tz": ["UTC", "UTC"], "from": ["", ""]}[name]
    assert_problem(get(house, **{name: query}), 400, "twice", name)


def test_many_unknown_parameters_are_not_all_told_back(house):
    query = {f"x{number}" + "y" * 100: "" for number in range(50)}
    response = get(house, **query)
    assert_problem(response, 400, "unknown_field", min(query)[:64])
    errors = response.json()["errors"]
    assert len(errors) == 10
    assert max(len(error["field"]) for error in errors) == 64
