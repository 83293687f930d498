"""Openings that another tool counted, created by the API."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import IntegrityError

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.models import Campaign
from campaigns.tests.house import House
from tracking import report as report_module
from tracking.models import Opening, OpeningCount
from tracking.report import record
from tracking.tests.opened import GMAIL, PERSON, open_pixel
from tracking.tests.recounted import assert_all_follows

pytestmark = pytest.mark.django_db
URL = "/api/openings/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def bottom(house):
    return house.contact.pixels.get(number=2)


def body(pixel, at=NOON, **fields) -> dict:
    fields.setdefault("event_id", str(uuid4()))
    fields.setdefault("user_agent", PERSON)
    return {"pixel": pixel.pk, "opened_at": at.isoformat(), **fields}


def created(house, *args, **fields) -> dict:
    response = house.client.post(URL, body(*args, **fields))
    assert response.status_code == 201, response.content
    return response.json()


def test_it_is_an_opening_like_any_other(house):
    event_id = str(uuid4())
    opening = created(
        house, house.pixel, event_id=event_id, network="66.249.80.7", referer="mail.google.com"
    )
    assert opening == house.client.get(f"{URL}{opening['id']}/").json()
    told = {
        name: opening[name]
        for name in opening.keys() - {"id", "recorded_at", "rules_date", "device"}
    }
    assert told == {
        "event_id": event_id,
        "pixel": house.pixel.pk,
        "contact": house.contact.pk,
        "group": house.group.pk,
        "opened_at": "2026-03-01T12:00:00Z",
        "begins_mail_open": True,
        "verdict": "human",
        "reason": "mail-client",
        "user_agent": PERSON,
        "client": "Thunderbird",
        "os": "Linux",
        "network": "66.249.80.0/24",
        "network_label": "google",
    }  # fmt: skip
    assert Opening.objects.get().referer == "mail.google.com"
    assert_all_follows()


def test_a_mail_with_two_pixels_is_one_mail_open_whoever_tells_of_it(house, bottom):
    created(house, house.pixel)
    open_pixel(bottom, NOON + MINUTE)
    assert created(house, bottom, NOON + 90 * MINUTE)["begins_mail_open"] is True
    assert Opening.objects.filter(begins_mail_open=True).count() == 2
    assert_all_follows()


def test_what_is_there_already_stays_as_it_is_when_an_earlier_one_comes(house, bottom):
    open_pixel(bottom, NOON)
    assert created(house, house.pixel, NOON - 30 * MINUTE)["begins_mail_open"] is False
    assert Opening.objects.get(pixel=bottom).begins_mail_open is True
    assert house.contact.opened.first_at == NOON - 30 * MINUTE
    assert_all_follows()


def test_sent_again_it_is_the_same_opening(house):
    sent = body(house.pixel)
    first, second = house.client.post(URL, sent), house.client.post(URL, sent)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Opening.objects.count() == OpeningCount.objects.get().openings == 1


def test_sent_again_it_is_the_opening_as_it_is_since_its_correction(house):
    sent = body(house.pixel)
    address = f"{URL}{house.client.post(URL, sent).json()['id']}/"
    assert house.client.patch(address, {"verdict": "machine"}).status_code == 200
    again = house.client.post(URL, sent)
    assert again.status_code == 200
    assert again.json()["verdict"] == "machine"


def test_a_hit_that_was_recorded_can_be_sent_again_as_well(house):
    open_pixel(house.pixel, NOON)
    sent = body(house.pixel, event_id=str(Opening.objects.get().event_id))
    assert house.client.post(URL, sent).status_code == 200


def test_the_event_id_of_something_else_is_taken_and_says_no_more(house, bottom):
    theirs = House()
    taken = [str(uuid4()), str(uuid4())]
    created(theirs, theirs.pixel, event_id=taken[0])
    created(house, bottom, event_id=taken[1])
    answers = [house.client.post(URL, body(house.pixel, event_id=each)) for each in taken]
    for answer in answers:
        assert_problem(answer, 409, "event_id_taken")
    assert answers[0].content == answers[1].content
    assert Opening.objects.count() == 2


def test_an_event_id_that_is_taken_at_that_very_moment_is_found_taken(house, monkeypatch):
    theirs = House()
    event_id = uuid4()

    def record_late(hits, audit):
        """Between this one's look and its insert, the other team's comes in."""
        if not Opening.objects.exists():
            monkeypatch.setattr(report_module, "record", record)
            created(theirs, theirs.pixel, event_id=str(event_id))
            raise IntegrityError
        return record(hits, audit)

    monkeypatch.setattr(report_module, "record", record_late)
    response = house.client.post(URL, body(house.pixel, event_id=str(event_id)))
    assert_problem(response, 409, "event_id_taken")


@pytest.mark.parametrize("minutes", [0, 59, -59])
def test_a_refresh_is_no_opening(house, minutes):
    open_pixel(house.pixel, NOON)
    response = house.client.post(URL, body(house.pixel, NOON + minutes * MINUTE))
    assert_problem(response, 409, "refresh")
    assert "60 minutes" in response.json()["detail"]
    assert Opening.objects.count() == 1


def test_another_reader_is_no_refresh(house):
    open_pixel(house.pixel, NOON)
    created(house, house.pixel, user_agent=GMAIL)
    created(house, house.pixel, network_label="apple-relay")
    assert Opening.objects.filter(begins_mail_open=True).count() == 3


def test_an_hour_holds_a_hundred_openings_of_a_pixel(house):
    for number in range(100):
        open_pixel(house.pixel, NOON, f"reader {number}")
    assert_problem(house.client.post(URL, body(house.pixel)), 409, "limit")
    created(house, house.pixel, NOON + 60 * MINUTE)


def test_a_closed_campaign_takes_what_was_opened_before(house):
    house.campaign.close(NOON)
    assert_problem(house.client.post(URL, body(house.pixel)), 409, "closed")
    created(house, house.pixel, NOON - MINUTE)


def test_a_campaign_that_tracks_nothing_takes_nothing(house):
    Campaign.objects.update(tracking="off")
    assert_problem(house.client.post(URL, body(house.pixel)), 409, "off")
    assert not Opening.objects.exists()


@pytest.mark.parametrize(
    ("fields", "verdict", "reason"),
    [
        ({"user_agent": GMAIL}, "proxy", "gmail-proxy"),
        ({"user_agent": ""}, "machine", "no-user-agent"),
        ({"network": "40.92.0.1"}, "machine", "m365-scanner"),
        ({"verdict": "proxy"}, "proxy", "reported"),
        ({"verdict": "machine", "reason": "old-tool-said-so"}, "machine", "old-tool-said-so"),
    ],
)
def test_its_verdict_is_the_one_that_is_given_or_judged(house, fields, verdict, reason):
    opening = created(house, house.pixel, **fields)
    assert (opening["verdict"], opening["reason"]) == (verdict, reason)
    assert_all_follows()


@pytest.mark.parametrize(
    ("network", "kept"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("203.0.113.77/32", "203.0.113.0/24"),
        ("203.0.113.64/26", "203.0.113.0/24"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("2001:db8:1::/48", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
    ],
)
def test_of_an_address_no_more_than_its_network_is_kept(house, network, kept):
    assert created(house, house.pixel, network=network)["network"] == kept
    assert Opening.objects.get().network == kept


def test_a_label_that_is_given_goes_before_that_of_the_network(house):
    opening = created(house, house.pixel, network="66.249.80.7", network_label="our-label")
    assert opening["network_label"] == "our-label"


def test_a_long_user_agent_is_cut_as_that_of_a_hit(house):
    opening = created(house, house.pixel, user_agent=" " + "x" * 600)
    assert opening["user_agent"] == " " + "x" * 511


@pytest.mark.parametrize(
    ("referer", "host"),
    [
        ("https://mail.example.com/inbox?id=7", "mail.example.com"),
        ("Mail.Example.com", "mail.example.com"),
        ("http://203.0.113.77/", "203.0.113.0/24"),
        ("http://[oops", ""),
        ("x" * 600, "x" * 255),
    ],
)
def test_of_a_referer_the_host_is_kept(house, referer, host):
    created(house, house.pixel, referer=referer)
    assert Opening.objects.get().referer == host


def test_it_is_kept_to_the_millisecond(house):
    opening = created(house, house.pixel, NOON.replace(microsecond=999_999))
    assert opening["opened_at"] == "2026-03-01T12:00:00.999000Z"


@pytest.mark.parametrize("version", [1, 3, 4, 5, 6, 7, 8])
def test_an_event_id_may_be_of_any_version(house, version):
    event_id = str(UUID(int=uuid4().int & ~(15 << 76) | version << 76))
    assert created(house, house.pixel, event_id=event_id)["event_id"] == event_id
    assert house.client.get(URL, {"event_id": event_id}).json()["results"]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("event_id", None, "null"),
        ("event_id", "x", "invalid"),
        ("event_id", "00000000-0000-0000-0000-000000000000", "version"),
        ("pixel", None, "null"),
        ("pixel", 2**70, "does_not_exist"),
        ("opened_at", "yesterday", "invalid"),
        ("opened_at", "1914-01-01T00:00:00Z", "year"),
        ("network", "somewhere", "network"),
        ("network", "10.0.0.0/8", "wide"),
        ("network", "2001:db8::/32", "wide"),
        ("network_label", "x" * 33, "max_length"),
        ("verdict", "martian", "invalid_choice"),
        ("reason", "because", "required"),
        ("user_agent", "a\0b", "null_characters_not_allowed"),
    ],
)
def test_what_can_not_be_is_refused_with_its_field(house, field, value, code):
    response = house.client.post(URL, body(house.pixel) | {field: value})
    field = "verdict" if field == "reason" else field
    assert_problem(response, 400, code, field=field)
    assert not Opening.objects.exists()


@pytest.mark.parametrize("missing", ["event_id", "pixel", "opened_at"])
def test_what_is_required_is_named(house, missing):
    sent = body(house.pixel)
    del sent[missing]
    assert_problem(house.client.post(URL, sent), 400, "required", field=missing)


def test_what_has_not_come_yet_is_refused(house):
    with time_machine.travel(NOON, tick=False):
        client = client_of(house.user)
        late = client.post(URL, body(house.pixel, NOON + timedelta(milliseconds=1)))
        assert_problem(late, 400, "future", field="opened_at")
        assert client.post(URL, body(house.pixel)).status_code == 201


@pytest.mark.parametrize(
    ("role", "status"),
    [(Membership.Role.VIEWER, 403), (Membership.Role.EDITOR, 201), (Membership.Role.MANAGER, 201)],
)
def test_editors_and_managers_create(house, role, status):
    client = client_of(make_member(house.team, role))
    assert client.post(URL, body(house.pixel)).status_code == status
    assert Opening.objects.count() == (status == 201)


def test_a_pixel_of_another_team_does_not_exist(house):
    response = client_of(make_user()).post(URL, body(house.pixel))
    assert_problem(response, 400, "does_not_exist", field="pixel")
    assert not Opening.objects.exists()


def test_what_the_service_decides_can_not_be_set(house):
    theirs = House()
    opening = created(
        house,
        house.pixel,
        id=4711,
        contact=theirs.contact.pk,
        group=house.other_group.pk,
        begins_mail_open=False,
        recorded_at="2001-01-01T00:00:00Z",
        prefetch=True,
        judged=["machine", "x"],
    )
    assert opening["id"] != 4711
    assert (opening["contact"], opening["group"]) == (house.contact.pk, house.group.pk)
    assert opening["begins_mail_open"] is True
    assert not opening["recorded_at"].startswith("2001")
    assert opening["verdict"] == "human"
    assert Opening.objects.get().prefetch is False
