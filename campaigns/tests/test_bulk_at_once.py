"""Bulk requests at the same time, on real connections of their own."""

import pytest

from accounts.idempotency import IdempotentRequest
from accounts.tests.at_once import at_once
from accounts.tests.people import client_of
from campaigns.models import Contact, Pixel, schedule
from campaigns.tests.house import House

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/contacts/bulk/"
REQUESTS, ROWS = 4, 60


@pytest.fixture
def house(monkeypatch):
    monkeypatch.setattr(schedule, "CHUNK", 20)
    return House()


def rows(house, **fields):
    return [
        {"group": house.group.pk, "email": f"reader{number}@example.com", **fields}
        for number in range(ROWS)
    ]


def send_at_once(house, bodies, **headers):
    """The answers to these bodies, all sent at once."""
    clients = [client_of(house.user) for _ in bodies]
    return at_once(
        len(bodies),
        lambda number: clients[number].post(URL, {"contacts": bodies[number]}, **headers),
    )


def test_the_same_request_at_once_makes_each_contact_once_and_answers_every_row(house):
    responses = send_at_once(house, [rows(house)] * REQUESTS)
    assert [response.status_code for response in responses] == [200] * REQUESTS
    results = [response.json()["results"] for response in responses]
    for ways in zip(*results, strict=True):  # one row, in each of the answers
        assert len({result["id"] for result in ways}) == 1
        assert [result["created"] for result in ways].count(True) == 1
    assert Contact.objects.filter(group=house.group).count() == ROWS + 1
    assert Pixel.objects.count() == 2 * (ROWS + 1)


def test_requests_in_another_order_with_other_fields_do_not_block_each_other(house):
    send_at_once(house, [rows(house)])
    bodies = [rows(house, name=f"name {number}")[:: 1 - 2 * (number % 2)] for number in range(4)]
    responses = send_at_once(house, bodies)
    assert [response.status_code for response in responses] == [200] * 4
    assert Contact.objects.filter(group=house.group).count() == ROWS + 1


def test_one_key_sent_at_once_is_worked_on_once(house):
    """Whoever comes while the first is not done is told to wait, or gets its answer."""
    responses = send_at_once(house, [rows(house)] * REQUESTS, HTTP_IDEMPOTENCY_KEY="k")
    fresh = [response for response in responses
             if response.status_code == 200 and "Idempotency-Replayed" not in response]  # fmt: skip
    assert len(fresh) == 1
    for response in responses:
        if response.status_code == 200:
            assert response.json() == fresh[0].json()
        else:
            assert (response.status_code, response.json()["code"]) == (409, "in_progress")
    assert IdempotentRequest.objects.count() == 1
