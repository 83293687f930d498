"""Openings reported, corrected and deleted at the same time as hits come in."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.tests.at_once import at_once
from accounts.tests.people import client_of
from campaigns.tests.house import House
from tracking.models import Opening, OpeningChange
from tracking.tests.opened import open_pixel
from tracking.tests.recounted import assert_all_follows
from tracking.tests.test_concurrency import CONSUMERS

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/openings/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def house(redis_client):
    return House()


def send_at_once(house, send) -> list:
    """What `send(client, number)` is answered in each of the threads."""
    answers = {}

    def work(number):
        answers[number] = send(client_of(house.user), number)

    at_once(CONSUMERS, work)
    return [answers[number] for number in range(CONSUMERS)]


def statuses(answers) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def body(pixel, event_id) -> dict:
    return {"event_id": event_id, "pixel": pixel.pk, "opened_at": NOON.isoformat()}


def test_an_opening_sent_several_times_at_once_is_created_once(house):
    for _ in range(5):
        sent = body(house.add_contact().pixels.get(number=1), str(uuid4()))
        answers = send_at_once(house, lambda client, _, sent=sent: client.post(URL, sent))
        assert statuses(answers) == [200] * (CONSUMERS - 1) + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
    assert OpeningChange.objects.count() == 5
    assert_all_follows()


def test_one_event_id_sent_for_several_contacts_at_once_is_that_of_one(house):
    for _ in range(5):
        event_id = str(uuid4())
        pixels = [house.add_contact().pixels.get(number=1) for _ in range(CONSUMERS)]
        bodies = [body(pixel, event_id) for pixel in pixels]
        answers = send_at_once(house, lambda client, number, b=bodies: client.post(URL, b[number]))
        assert statuses(answers) == [201] + [409] * (CONSUMERS - 1)
    assert_all_follows()


def test_an_opening_deleted_several_times_at_once_is_deleted_once(house):
    for number in range(5):
        open_pixel(house.pixel, NOON + number * 60 * MINUTE)
        address = f"{URL}{Opening.objects.get().pk}/"
        answers = send_at_once(house, lambda client, _, a=address: client.delete(a))
        assert statuses(answers) == [204] + [404] * (CONSUMERS - 1)
        assert_all_follows()
    assert OpeningChange.objects.count() == 5


def test_corrections_and_deletions_beside_hits_leave_the_counts_right(house):
    pixels = list(house.contact.pixels.order_by("number"))
    for hour in range(12):
        open_pixel(pixels[hour % 2], NOON + hour * 60 * MINUTE)
    openings = list(Opening.objects.order_by("pk").values_list("pk", flat=True))

    def send(client, number):
        found = []
        for step in range(12):
            moment = NOON + (60 * step + 7 * number) * MINUTE
            if number == 0:
                open_pixel(pixels[step % 2], moment + 600 * MINUTE, f"reader {step % 3}")
            elif number == 1:
                found.append(client.patch(f"{URL}{openings[step]}/", {"verdict": "machine"}))
            elif number == 2:
                moved = {"opened_at": moment.isoformat()}
                found.append(client.patch(f"{URL}{openings[-step - 1]}/", moved))
            elif step % 3 == 0:
                found.append(client.delete(f"{URL}{openings[step]}/"))
        return found

    answers = send_at_once(house, send)
    assert {answer.status_code for each in answers for answer in each} <= {200, 204, 404, 409}
    assert Opening.objects.filter(pk__in=openings).count() == 8
    assert_all_follows()
