"""Each opening knows the rule set that judged it, where one did."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.tests.staff import admin_client, page
from campaigns.models import Campaign, Contact
from tracking.models import Opening
from tracking.tests.opened import open_pixel
from tracking.verdict import RULES

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
URL = "/api/openings/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def of_today() -> date:
    return RULES.value.date


def report(house, **fields) -> dict:
    body = {"event_id": str(uuid4()), "pixel": house.pixel.pk, "opened_at": NOON.isoformat()}
    return house.client.post(URL, body | fields).json()


def test_a_hit_has_that_of_the_rules_in_force_and_the_api_and_admin_show_it(house, admin_client):
    open_pixel(house.pixel, NOON)
    opening = Opening.objects.get()
    assert opening.rules_date == of_today()
    [told] = house.client.get(URL).json()["results"]
    assert told["rules_date"] == of_today().isoformat()
    shown = admin_client.get(page(Opening, "change", opening.pk)).content.decode()
    assert "Rules date" in shown


def test_a_verdict_that_another_tool_or_somebody_gave_has_none(house):
    judged = report(house, user_agent="curl/8.5.0")
    assert (judged["reason"], judged["rules_date"]) == ("program", of_today().isoformat())
    told = report(house, opened_at=(NOON - 7200 * SECOND).isoformat(), verdict="human")
    assert (told["reason"], told["rules_date"]) == ("reported", None)
    moved = {"opened_at": (NOON + SECOND).isoformat()}
    corrected = house.client.patch(f"{URL}{judged['id']}/", moved).json()
    assert corrected["rules_date"] == of_today().isoformat()
    corrected = house.client.patch(f"{URL}{judged['id']}/", {"verdict": "human"}).json()
    assert (corrected["reason"], corrected["rules_date"]) == ("corrected", None)


def test_erasure_takes_it_with_the_reason_and_anonymous_openings_keep_both(house):
    open_pixel(house.pixel, NOON)
    house.client.post(f"/api/contacts/{house.contact.pk}/erase/")
    erased = Opening.objects.get()
    assert (erased.verdict, erased.reason, erased.rules_date) == ("human", "erased", None)
    Campaign.objects.update(tracking="anonymous")
    open_pixel(house.add_contact().pixels.get(number=1), NOON)
    anonymous = Opening.objects.get(contact=None)
    assert (anonymous.reason, anonymous.rules_date) == ("mail-client", of_today())


@pytest.mark.parametrize("tracking", ["individual", "anonymous"])
@pytest.mark.parametrize(("since", "reason"), [(9, "short-window"), (10, "mail-client")])
def test_the_consumer_judges_by_the_contacts_time_of_sending(house, tracking, since, reason):
    Campaign.objects.update(tracking=tracking)
    Contact.objects.update(sent_at=NOON - since * SECOND, scheduled_at=NOON)
    open_pixel(house.pixel, NOON)
    assert Opening.objects.get().reason == reason


def test_the_scheduled_time_is_no_time_of_sending(house):
    Contact.objects.update(scheduled_at=NOON - SECOND)
    open_pixel(house.pixel, NOON)
    assert Opening.objects.get().reason == "mail-client"
