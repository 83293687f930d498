"""Times and pixels of a mail that change once it was opened: what is counted follows at once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum

from accounts.tests.staff import admin_client, inline, page
from campaigns.models import CampaignTurn, Contact, Pixel
from campaigns.tests.admin_forms import contact_form
from campaigns.tests.house import House
from campaigns.tests.importing import table, take_in
from tracking.models import ContactOpenings, CountedDay, OpeningBreakdown
from tracking.retention import forget_openings_before
from tracking.tests.opened import MACHINE, open_pixel
from tracking.tests.recounted import assert_all_follows, assert_counts_hold

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SENT = NOON - timedelta(seconds=45)


@pytest.fixture
def house():
    """Its contact's mail was due an hour before it was opened."""
    house = House(pixels=2)
    house.client.patch(house.addresses()["contacts"], {"scheduled_at": NOON - HOUR})
    open_pixel(house.pixel, NOON, MACHINE)
    open_pixel(house.pixel, NOON)
    assert counted("delay") == {"3162": (1, 1)}
    return house


def counted(dimension) -> dict[str, tuple]:
    """value → (first openings, first verified)"""
    rows = OpeningBreakdown.objects.filter(dimension=dimension).values_list("value")
    sums = rows.annotate(first=Sum("first_openings"), verified=Sum("first_verified"))
    return {value: tuple(numbers) for value, *numbers in sums if any(numbers)}


def by_api(house, admin_client, name, moment):
    house.client.patch(house.addresses()["contacts"], {name: moment.isoformat()})


def by_admin(house, admin_client, name, moment):
    times = {f"{name}_0": moment.date().isoformat(), f"{name}_1": f"{moment:%H:%M:%S}"}
    contact = Contact.objects.get(pk=house.contact.pk)
    form = contact_form(house.group, contact.email, **times)
    pixels = [{"id": pixel.pk, "contact": contact.pk} for pixel in contact.pixels.all()]
    form = inline("pixels", *pixels, initial=len(pixels), **form)
    admin_client.post(page(Contact, "change", contact.pk), form)


def by_bulk(house, admin_client, name, moment):
    row = {"group": house.group.pk, "email": house.contact.email, name: moment.isoformat()}
    house.client.post("/api/contacts/bulk/", {"contacts": [row]}, format="json")


def by_import(house, admin_client, name, moment):
    line = f"{house.contact.email},A,{moment.isoformat()}"
    take_in(house.campaign, table(f"email,group,{name}", line))


@pytest.mark.parametrize("told", [by_api, by_admin, by_bulk, by_import])
@pytest.mark.parametrize("name", ["scheduled_at", "sent_at"])
def test_times_to_open_follow_whoever_tells_when_the_mail_went_out(house, admin_client, told, name):
    stamp = CountedDay.objects.get().stamp
    told(house, admin_client, name, SENT)
    assert counted("delay") == {"40": (1, 1)}
    assert CountedDay.objects.get().stamp != stamp  # whoever has kept the day reads it again
    assert_all_follows()


def test_when_it_was_sent_comes_before_when_it_was_due(house):
    by_bulk(house, None, "sent_at", SENT)
    by_bulk(house, None, "scheduled_at", NOON - DAY)
    assert counted("delay") == {"40": (1, 1)}
    assert_all_follows()


def test_when_a_mail_was_sent_takes_no_turn_of_its_campaign(house):
    turns = list(CampaignTurn.objects.values_list("taken", flat=True))
    by_bulk(house, None, "sent_at", SENT)
    assert list(CampaignTurn.objects.values_list("taken", flat=True)) == turns


def test_where_nobody_has_opened_a_batch_costs_one_query_more(house, django_assert_num_queries):
    contacts = [house.add_contact().pk for _ in range(3)]
    with django_assert_num_queries(1):
        ContactOpenings.objects.follow_mails(contacts)


def test_what_retention_has_settled_stays(house):
    list(forget_openings_before(NOON + HOUR))
    by_api(house, None, "sent_at", SENT)
    house.client.post("/api/pixels/", house.bodies()["pixels"])
    assert counted("delay") == {"3162": (1, 1)}
    assert counted("rendered") == {"top": (1, 1)}
    assert_counts_hold()


# -- Pixels ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("by_admin", [False, True])
def test_a_further_pixel_leaves_it_less_than_complete_until_it_goes(house, admin_client, by_admin):
    open_pixel(house.contact.pixels.get(number=2), NOON + HOUR)
    assert counted("rendered") == {"complete": (1, 1)}
    body = {"contact": house.contact.pk, "number": 7}
    if by_admin:
        admin_client.post(page(Pixel, "add"), body)
    else:
        house.client.post("/api/pixels/", body)
    assert counted("rendered") == {"part": (1, 1)}
    assert_all_follows()
    pixel = house.contact.pixels.get(number=7)
    if by_admin:
        admin_client.post(page(Pixel, "delete", pixel.pk), {"post": "yes"})
    else:
        house.client.delete(f"/api/pixels/{pixel.pk}/")
    assert counted("rendered") == {"complete": (1, 1)}
    assert_all_follows()


def test_pixels_that_are_deleted_together_leave_together(house, admin_client):
    for number in (7, 8):
        house.client.post("/api/pixels/", {"contact": house.contact.pk, "number": number})
    open_pixel(house.contact.pixels.get(number=2), NOON + HOUR)
    some = list(house.contact.pixels.filter(number__gt=2).values_list("pk", flat=True))
    form = {"action": "delete_selected", "_selected_action": some, "post": "yes"}
    admin_client.post(page(Pixel), form)
    assert counted("rendered") == {"complete": (1, 1)}
    assert_all_follows()
