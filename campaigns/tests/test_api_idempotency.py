"""Idempotency-Key: the same request again gets the answer of the first time."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.core.files import File
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from accounts.idempotency import IdempotentRequest, fingerprint_of, parts_of
from accounts.tasks import forget_expired_requests
from accounts.tests.people import (
    assert_problem,
    client_of,
    client_with,
    make_key,
    make_member,
    make_user,
)
from campaigns.models import Contact, schedule

pytestmark = pytest.mark.django_db
URL = "/api/contacts/bulk/"
HOUR = timedelta(hours=1)
PARSERS = (FormParser, MultiPartParser)


def send(house, *emails, key="key-1", client=None, **headers):
    rows = [{"group": house.group.pk, "email": email} for email in emails]
    headers |= {"HTTP_IDEMPOTENCY_KEY": key} if key is not None else {}
    return (client or house.client).post(URL, {"contacts": rows}, **headers)


def is_replay(response) -> bool:
    return response.get("Idempotency-Replayed") == "true"


def test_the_same_request_again_gets_the_stored_answer(house):
    first = send(house, "a@example.com", "x")
    again = send(house, "a@example.com", "x")
    assert first.status_code == again.status_code == 200
    assert first.json()["results"][0]["created"]
    assert again.content == first.content
    assert (is_replay(first), is_replay(again)) == (False, True)


def test_the_stored_answer_does_no_work(house, monkeypatch):
    send(house, "a@example.com")
    monkeypatch.setattr(schedule.ScheduleQuerySet, "schedule_many", None)
    assert is_replay(send(house, "a@example.com"))


def test_without_a_key_nothing_is_stored(house):
    send(house, "a@example.com", key=None)
    again = send(house, "a@example.com", key=None)
    assert not is_replay(again)
    assert not again.json()["results"][0]["created"]
    assert not IdempotentRequest.objects.exists()


def test_a_key_with_another_body_is_refused_and_does_nothing(house):
    send(house, "a@example.com")
    assert_problem(send(house, "b@example.com"), 422, "idempotency_key_reused")
    assert not Contact.objects.filter(email_key="b@example.com").exists()
    assert is_replay(send(house, "a@example.com"))


def test_a_key_at_another_address_is_refused(house):
    send(house, "a@example.com")
    body = {"contacts": [{"group": house.group.pk, "email": "a@example.com"}]}
    response = house.client.post(f"{URL}?x=1", body, HTTP_IDEMPOTENCY_KEY="key-1")
    assert_problem(response, 422, "idempotency_key_reused")


def test_the_order_of_the_names_in_a_body_does_not_matter(house):
    send(house, "a@example.com")
    body = {"contacts": [{"email": "a@example.com", "group": house.group.pk}]}
    assert is_replay(house.client.post(URL, body, HTTP_IDEMPOTENCY_KEY="key-1"))


def test_two_senders_may_choose_the_same_key(house):
    mate = client_of(make_member(house.team, "editor"))
    first = send(house, "a@example.com")
    second = send(house, "b@example.com", client=mate)
    assert second.status_code == 200
    assert not is_replay(second)
    assert is_replay(send(house, "a@example.com"))
    assert first.json() != second.json()


def test_a_sender_is_the_same_by_token_and_by_session(house):
    send(house, "a@example.com")
    browser = APIClient()
    browser.force_login(house.user)
    assert is_replay(send(house, "a@example.com", client=browser))


def test_who_takes_over_a_name_gets_none_of_its_former_owners_answers(house):
    send(house, "a@example.com")
    heir = make_member(house.team, "manager")
    name, house.user.username = house.user.username, "renamed"
    house.user.save()
    heir.username = name
    heir.save()
    assert is_replay(send(house, "a@example.com"))
    taken_over = send(house, "a@example.com", client=client_of(heir))
    assert taken_over.status_code == 200
    assert not is_replay(taken_over)


def test_who_has_lost_their_role_gets_no_stored_answer(house):
    mate = make_member(house.team, "editor")
    membership, client = mate.memberships.get(team=house.team), client_of(mate)
    first = send(house, "a@example.com", client=client)
    assert first.json()["results"][0]["created"]
    membership.change_role("viewer")
    refused = send(house, "a@example.com", client=client)
    assert not is_replay(refused)
    assert "error" in refused.json()["results"][0]
    membership.remove()
    stranger = send(house, "a@example.com", client=client)
    assert not is_replay(stranger)
    assert "error" in stranger.json()["results"][0]
    assert Contact.objects.filter(email_key="a@example.com").count() == 1


def test_who_is_no_superuser_any_more_gets_no_stored_answer(house):
    root = make_user(is_superuser=True)
    client = client_of(root)
    assert send(house, "a@example.com", client=client).status_code == 200
    assert is_replay(send(house, "a@example.com", client=client))
    root.is_superuser = False
    root.save()
    assert not is_replay(send(house, "a@example.com", client=client))


def test_a_key_of_a_team_gets_its_own_answers_only(house):
    one, other = (client_with(make_key(house.team, "editor")) for _ in range(2))
    assert send(house, "a@example.com", client=one).status_code == 200
    assert is_replay(send(house, "a@example.com", client=one))
    assert not is_replay(send(house, "a@example.com", client=other))


@pytest.mark.parametrize("keys", [("key", "KEY"), ("key", "key."), ("a b", "a  b")])
def test_every_character_of_a_key_counts(house, keys):
    one, other = keys
    send(house, "a@example.com", key=one)
    response = send(house, "b@example.com", key=other)
    assert response.status_code == 200
    assert not is_replay(response)


@pytest.mark.parametrize("key", ["", "x" * 256, "ü", "a\tb", "a\x7f", "a\nb"])
def test_a_key_that_is_none_is_refused(house, key):
    assert_problem(send(house, "a@example.com", key=key), 400, "invalid", "Idempotency-Key")
    assert not Contact.objects.filter(email_key="a@example.com").exists()


@pytest.mark.parametrize("key", ["x", "x" * 255, " ~!", '"quoted"'])
def test_a_key_is_up_to_255_printable_characters(house, key):
    assert send(house, "a@example.com", key=key).status_code == 200
    assert is_replay(send(house, "a@example.com", key=key))


def test_a_refused_request_leaves_its_key_free(house):
    refused = house.client.post(URL, {"contacts": None}, HTTP_IDEMPOTENCY_KEY="key-1")
    assert_problem(refused, 400, "null", "contacts")
    assert send(house, "a@example.com").status_code == 200


def test_a_request_that_failed_leaves_its_key_free(house, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(schedule.ScheduleQuerySet, "schedule_many", None)
        assert send(house, "a@example.com").status_code == 500
    response = send(house, "a@example.com")
    assert response.status_code == 200
    assert not is_replay(response)


class Killed(BaseException):
    """The process dies: nothing after it runs."""


def die_at_work(house, monkeypatch):
    def die(self, rows):
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(schedule.ScheduleQuerySet, "schedule_many", die)
        with pytest.raises(Killed):
            send(house, "a@example.com")


def test_while_the_first_is_not_done_the_second_is_told_when_to_come_back(house, monkeypatch):
    die_at_work(house, monkeypatch)
    response = send(house, "a@example.com")
    assert_problem(response, 409, "in_progress")
    assert 1 <= int(response["Retry-After"]) <= 5
    assert_problem(send(house, "b@example.com"), 422, "idempotency_key_reused")


def test_after_a_crash_the_lease_runs_out_and_the_work_is_done(house, monkeypatch):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        die_at_work(house, monkeypatch)
        clock.shift(timedelta(seconds=119))
        assert_problem(send(house, "a@example.com"), 409, "in_progress")
        clock.shift(timedelta(seconds=1))
        response = send(house, "a@example.com")
        assert response.status_code == 200
        assert response.json()["results"][0]["created"]
        assert is_replay(send(house, "a@example.com"))


def test_who_lost_the_lease_does_not_overwrite_the_answer(house, monkeypatch):
    """A request takes longer than its lease, and another one answers in its place."""
    work = schedule.ScheduleQuerySet.schedule_many
    answers = []

    def take_too_long(self, rows):
        monkeypatch.setattr(schedule.ScheduleQuerySet, "schedule_many", work)
        clock.shift(timedelta(minutes=3))
        answers.append(send(house, "a@example.com", "b@example.com"))
        return work(self, rows)

    monkeypatch.setattr(schedule.ScheduleQuerySet, "schedule_many", take_too_long)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        slow = send(house, "a@example.com", "b@example.com")
        kept = send(house, "a@example.com", "b@example.com")
    assert is_replay(kept)
    assert kept.content == answers[0].content
    assert slow.json() != kept.json()  # it found the rows there


def test_an_answer_is_kept_for_a_day(house):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        send(house, "a@example.com")
        clock.shift(24 * HOUR - timedelta(seconds=1))
        forget_expired_requests()
        house.client = client_of(house.user)  # the token has run out
        assert is_replay(send(house, "a@example.com"))
        clock.shift(timedelta(seconds=1))
        later = send(house, "a@example.com")
        assert not is_replay(later)
        assert not later.json()["results"][0]["created"]


def test_expired_answers_are_dropped(house):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        send(house, "a@example.com", key="old")
        clock.shift(12 * HOUR)
        house.client = client_of(house.user)
        send(house, "a@example.com", key="new")
        clock.shift(12 * HOUR)
        forget_expired_requests()
    assert IdempotentRequest.objects.count() == 1


def test_neither_key_nor_sender_nor_address_is_kept(house):
    send(house, "canary@example.com", key="secret-key")
    (kept,) = IdempotentRequest.objects.values_list("place", "fingerprint")
    for text in kept:
        assert len(text) == 64
        assert int(text, 16)


def test_a_viewers_refusals_are_stored_as_answers_too(house):
    viewer = client_of(make_member(house.team, "viewer"))
    first = send(house, "a@example.com", client=viewer)
    assert first.json()["results"][0]["error"]["code"] == "permission_denied"
    assert is_replay(send(house, "a@example.com", client=viewer))


def test_a_body_that_is_nested_too_deeply_is_refused(house):
    for depth in (300, 900, 950, 1000, 100_000):
        body = '{"contacts": ' + "[" * depth + "]" * depth + "}"
        response = house.client.post(
            URL, body, content_type="application/json", HTTP_IDEMPOTENCY_KEY=f"{depth}"
        )
        assert response.status_code in (200, 400), depth


def upload(content=b"a,b", name="contacts.csv", **fields):
    """A form with a file, as the request of a view; each has a boundary of its own."""
    file = SimpleUploadedFile(name, content)
    form = {"file": file, **fields}
    request = APIRequestFactory().post("/api/imports/", form, format="multipart")
    return Request(request, parsers=[parser() for parser in PARSERS])


def test_forms_and_files_that_say_the_same_are_the_same():
    first = upload(group="1")
    assert fingerprint_of(first) == fingerprint_of(upload(group="1"))
    assert first.data["file"].read() == b"a,b"  # it is still to be read
    others = [upload(b"a,c", group="1"), upload(name="x.csv", group="1"), upload(group="2"),
              upload(group="1", more="x")]  # fmt: skip
    assert len({fingerprint_of(request) for request in (first, *others)}) == 5


def test_a_big_file_is_compared_in_pieces_and_can_be_read_again():
    file = File(io.BytesIO(b"x" * 1_000_000))
    parts = list(parts_of(MultiValueDict({"file": [file]})))
    assert sum(map(len, parts)) > 1_000_000
    assert max(map(len, parts)) <= 65_536
    assert len(file.read()) == 1_000_000
