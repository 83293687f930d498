"""Openings corrected and deleted by the API; what hangs on them follows."""

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock
from uuid import uuid4

import pytest

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from campaigns.tests.house import House
from tracking import correct, stream
from tracking.hit import Hit
from tracking.models import ContactOpenings, Opening, OpeningChange, OpeningCount
from tracking.tests.opened import GMAIL, PERSON, open_pixel
from tracking.tests.recounted import assert_all_follows

pytestmark = pytest.mark.django_db
URL = "/api/openings/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Role = Membership.Role


@pytest.fixture
def house():
    """Its contact opened the mail at noon: two pixels, one mail open."""
    house = House()
    for pixel in house.contact.pixels.order_by("number"):
        open_pixel(pixel, NOON)
    return house


@pytest.fixture
def top(house):
    """The opening that begins the mail open."""
    return Opening.objects.get(pixel=house.pixel)


@pytest.fixture
def bottom(house):
    return Opening.objects.exclude(pixel=house.pixel).get()


def address(opening) -> str:
    return f"{URL}{opening.pk}/"


def corrected(house, opening, **fields) -> dict:
    response = house.client.patch(address(opening), fields)
    assert response.status_code == 200, response.content
    assert response.json() == house.client.get(address(opening)).json()
    assert_all_follows()
    return response.json()


def at(minutes) -> str:
    return (NOON + minutes * MINUTE).isoformat()


def test_another_verdict_moves_the_counts(house, top):
    found = corrected(house, top, verdict="machine")
    assert (found["verdict"], found["reason"]) == ("machine", "corrected")
    assert found["begins_mail_open"] is True
    mails = OpeningCount.objects.filter(mail_opens__gt=0).values_list("verdict", "mail_opens")
    assert list(mails) == [("machine", 1)]
    statistics = house.client.get(f"/api/campaigns/{house.campaign.pk}/statistics/").json()
    assert statistics["openings"] == {"total": 2, "human": 1, "proxy": 0, "machine": 1}


def test_another_time_moves_the_counts_and_what_is_known_of_the_contact(house, top):
    open_pixel(house.pixel, NOON + 300 * MINUTE)
    corrected(house, top, opened_at=at(-200))
    known = ContactOpenings.objects.get()
    assert known.first_at == known.first_verified_at == NOON - 200 * MINUTE
    assert known.last_at == NOON + 300 * MINUTE


def test_an_opening_that_stays_near_keeps_its_mail_open(house, top, bottom):
    assert corrected(house, top, opened_at=at(1))["begins_mail_open"] is True
    bottom.refresh_from_db()
    assert bottom.begins_mail_open is False


def test_an_opening_that_goes_leaves_its_mail_open_to_the_others(house, top, bottom):
    assert corrected(house, top, opened_at=at(60))["begins_mail_open"] is True
    bottom.refresh_from_db()
    assert bottom.begins_mail_open is True


def test_an_opening_that_comes_to_another_mail_open_begins_none(house, top):
    open_pixel(Opening.objects.exclude(pk=top.pk).get().pixel, NOON + 120 * MINUTE)
    assert corrected(house, top, opened_at=at(121))["begins_mail_open"] is False


def test_an_opening_that_goes_where_no_mail_open_is_begins_one(house, bottom):
    assert corrected(house, bottom, opened_at=at(-60))["begins_mail_open"] is True


def test_both_may_be_corrected_at_once(house, top):
    found = house.client.put(address(top), {"opened_at": at(5), "verdict": "proxy"})
    assert found.status_code == 200
    assert (found.json()["opened_at"], found.json()["verdict"]) == ("2026-03-01T12:05:00Z", "proxy")
    assert_all_follows()
    assert_problem(
        house.client.put(address(top), {"verdict": "human"}), 400, "required", "opened_at"
    )


def test_a_time_is_kept_to_the_millisecond(house, top):
    found = corrected(house, top, opened_at="2026-03-01T11:00:00.000999Z")
    assert found["opened_at"] == "2026-03-01T11:00:00Z"


def test_what_was_so_already_is_no_correction(house, top):
    found = corrected(house, top, verdict="human", opened_at=at(0))
    assert found["reason"] == "mail-client"
    assert corrected(house, top)["reason"] == "mail-client"
    assert not OpeningChange.objects.exists()


@pytest.mark.parametrize("minutes", [61, 119, 179])
def test_it_can_not_come_to_be_a_refresh(house, top, minutes):
    open_pixel(house.pixel, NOON + 120 * MINUTE)
    before = house.client.get(address(top)).json()
    response = house.client.patch(address(top), {"opened_at": at(minutes)})
    assert_problem(response, 409, "refresh")
    assert house.client.get(address(top)).json() == before
    assert not OpeningChange.objects.exists()
    assert_all_follows()


def test_it_can_not_come_after_the_end_of_its_campaign(house, top):
    house.campaign.close(NOON + 10 * MINUTE)
    assert_problem(house.client.patch(address(top), {"opened_at": at(10)}), 409, "closed")
    corrected(house, top, opened_at=at(9))


def test_it_can_not_come_to_an_hour_that_is_full(house, top):
    for number in range(100):
        open_pixel(house.pixel, NOON + 120 * MINUTE, f"reader {number}")
    assert_problem(house.client.patch(address(top), {"opened_at": at(120)}), 409, "limit")


@pytest.mark.parametrize(
    "field",
    [
        *("event_id", "pixel", "contact", "group", "reason", "network"),
        *("user_agent", "begins_mail_open", "recorded_at", "referer"),
    ],
)
def test_nothing_else_can_be_corrected(house, top, field):
    before = house.client.get(address(top)).json()
    body = {"verdict": "machine", field: before.get(field, "x")}
    assert_problem(house.client.patch(address(top), body), 400, "immutable", field=field)
    assert house.client.get(address(top)).json() == before


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"verdict": "martian"}, "verdict", "invalid_choice"),
        ({"verdict": None}, "verdict", "null"),
        ({"opened_at": "soon"}, "opened_at", "invalid"),
        ({"opened_at": "2999-01-01T00:00:00Z"}, "opened_at", "future"),
        ({"opened_at": None}, "opened_at", "null"),
        ([], None, "invalid"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(house, top, body, field, code):
    assert_problem(house.client.patch(address(top), body), 400, code, field=field)


def test_a_deleted_opening_takes_its_counts_along(house, top, bottom):
    open_pixel(house.pixel, NOON + 90 * MINUTE, GMAIL)
    assert house.client.delete(address(top)).status_code == 204
    assert_problem(house.client.get(address(top)), 404, "not_found")
    bottom.refresh_from_db()
    assert bottom.begins_mail_open is True, "the mail was opened all the same"
    assert_all_follows()
    for opening in Opening.objects.all():
        assert house.client.delete(address(opening)).status_code == 204
        assert_all_follows()
    assert not ContactOpenings.objects.exists()
    assert house.client.get(f"/api/contacts/{house.contact.pk}/").status_code == 200


def test_the_earliest_that_is_left_begins_the_mail_open(house, top):
    """…and each one an hour off of it begins another."""
    other = Opening.objects.exclude(pk=top.pk).get().pixel
    house.client.delete(address(Opening.objects.get(pixel=other)))
    open_pixel(other, NOON + 50 * MINUTE)  # as it arrives first
    third = house.client.post("/api/pixels/", {"contact": house.contact.pk}).json()["id"]
    early = house.contact.pixels.get(pk=third)
    open_pixel(early, NOON - 40 * MINUTE)
    assert [opening.begins_mail_open for opening in Opening.objects.order_by("opened_at")] == [
        False, True, False,
    ]  # fmt: skip
    house.client.delete(address(top))
    assert [opening.begins_mail_open for opening in Opening.objects.all()] == [True, True]
    assert_all_follows()


def test_the_pixel_of_a_deleted_opening_can_be_deleted(house, top):
    assert house.client.delete(f"/api/pixels/{house.pixel.pk}/").status_code == 409
    house.client.delete(address(top))
    assert house.client.delete(f"/api/pixels/{house.pixel.pk}/").status_code == 204


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.MANAGER])
def test_only_managers_correct_and_delete(house, top, method, role):
    client = client_of(make_member(house.team, role))
    body = {"verdict": "machine", "opened_at": at(1)}
    response = getattr(client, method)(address(top), body)
    if role == Role.MANAGER:
        assert response.status_code in (200, 204)
    else:
        assert_problem(response, 403, "permission_denied")
        assert "manager" in response.json()["detail"]
        assert Opening.objects.filter(pk=top.pk, verdict="human").exists()


@pytest.mark.parametrize("method", ["get", "patch", "put", "delete"])
def test_an_opening_of_another_team_does_not_exist(house, top, method):
    response = getattr(client_of(make_user()), method)(address(top), {"verdict": "machine"})
    assert_problem(response, 404, "not_found")
    assert Opening.objects.filter(pk=top.pk, verdict="human").exists()


@pytest.mark.parametrize("verb", ["correct_opening", "delete_opening"])
def test_one_that_goes_at_that_very_moment_is_gone(house, top, verb, monkeypatch):
    from tracking.api import opening as api  # noqa: PLC0415

    real = getattr(api, verb)

    def too_late(pk, **rest):
        correct.delete_opening(pk, by="another")
        return real(pk, **rest)

    monkeypatch.setattr(api, verb, too_late)
    if verb == "delete_opening":
        assert_problem(house.client.delete(address(top)), 404, "not_found")
    else:
        assert_problem(house.client.patch(address(top), {"verdict": "machine"}), 404, "not_found")
    assert_all_follows()


@pytest.mark.parametrize("send", ["patch", "delete"])
def test_nothing_changes_where_the_counts_fail(house, top, send, monkeypatch):
    monkeypatch.setattr(correct.OpeningCount.objects, "add", Mock(side_effect=ZeroDivisionError))
    assert getattr(house.client, send)(address(top), {"verdict": "machine"}).status_code == 500
    assert Opening.objects.filter(pk=top.pk, verdict="human").exists()
    assert not OpeningChange.objects.exists()
    assert_all_follows()


def a_hit(pixel, minutes=0) -> Hit:
    moment = round((NOON + minutes * MINUTE).timestamp() * 1000)
    return Hit(uuid4().bytes, pixel.uuid.bytes, moment, PERSON)


@pytest.mark.parametrize("change", ["delete", "correct"])
def test_the_filter_lets_the_next_hit_pass_once_its_opening_is_gone(
    redis_client, change, django_capture_on_commit_callbacks
):
    house = House()
    other = house.contact.pixels.get(number=2)
    assert stream.append([a_hit(house.pixel), a_hit(other)]) == [True, True]
    open_pixel(house.pixel, NOON)
    [opening] = Opening.objects.all()
    assert stream.append([a_hit(house.pixel, 5)]) == [False], "the filter knows it"
    with django_capture_on_commit_callbacks(execute=True):
        if change == "delete":
            house.client.delete(address(opening))
        else:
            house.client.patch(address(opening), {"opened_at": at(-600)})
        assert stream.append([a_hit(house.pixel, 5)]) == [False], "not before it is committed"
    assert stream.append([a_hit(house.pixel, 5), a_hit(other, 5)]) == [True, False]


def test_the_filter_is_left_alone_where_the_time_stays(
    redis_client, django_capture_on_commit_callbacks
):
    house = House()
    stream.append([a_hit(house.pixel)])
    open_pixel(house.pixel, NOON)
    with django_capture_on_commit_callbacks(execute=True):
        house.client.patch(address(Opening.objects.get()), {"verdict": "machine"})
    assert stream.append([a_hit(house.pixel, 5)]) == [False]


def test_without_redis_it_goes_all_the_same(
    house, top, redis_is_down, django_capture_on_commit_callbacks, caplog
):
    with django_capture_on_commit_callbacks(execute=True):
        assert house.client.delete(address(top)).status_code == 204
    assert "Redis still takes hits for refreshes" in caplog.text
    assert PERSON not in caplog.text
