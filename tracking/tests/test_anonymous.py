"""Campaigns that count openings and don't know whose they are."""

from uuid import UUID

import pytest
import time_machine
from django.core.management import call_command

from accounts.models import Membership
from accounts.tests.people import assert_problem
from accounts.tests.staff import admin_client, inline, page
from campaigns.models import Campaign, Contact
from campaigns.tests.house import House
from campaigns.tests.removed import finish_removals
from tracking import anonymous, tasks
from tracking.models import (
    AnonymousReader,
    ContactOpenings,
    Opening,
    OpeningCount,
    ReaderSalt,
    UserAgent,
)
from tracking.record import Decision, record
from tracking.tests.anonymous_house import (
    HOUR,
    MINUTE,
    NOON,
    a_hit,
    decisions,
    house,
    sums,
    switch,
)
from tracking.tests.opened import GMAIL, MACHINE, PERSON, open_pixel

__all__ = ["admin_client", "house"]  # fixtures
pytestmark = pytest.mark.django_db
Role = Membership.Role


# -- What is stored --------------------------------------------------------------------------------
def test_an_opening_keeps_its_event_id_group_time_and_verdict_and_nothing_of_the_reader(house):
    hit = a_hit(
        house.pixel,
        network_label="google",
        network="66.249.80.0/24",
        prefetch=True,
        referer="mail.google.com",
    )
    assert decisions(hit) == [Decision.RECORDED]
    [stored] = Opening.objects.values()
    for about_the_opening in ("id", "recorded_at", "reason", "rules_date"):
        del stored[about_the_opening]
    assert stored == {
        "event_id": UUID(bytes=hit.event_id),
        "group_id": house.group.pk,
        "opened_at": NOON,
        "begins_mail_open": True,
        "verdict": stored["verdict"],
        "pixel_id": None,
        "contact_id": None,
        "user_agent_id": None,
        "network_label": "",
        "network": "",
        "prefetch": False,
        "referer": "",
    }
    assert not ContactOpenings.objects.exists()
    assert not UserAgent.objects.exists()


def test_it_is_counted_and_no_contact_is(house):
    record([a_hit(house.pixel), a_hit(house.bottom, 1), a_hit(house.pixel, 2, user_agent=MACHINE)])
    assert sums(group=house.group) == [3, 2, 0, 0]
    assert sums(verdict="human") == [2, 1, 0, 0]


def test_the_verdict_is_that_of_any_campaign(house):
    for user_agent in (PERSON, GMAIL, MACHINE):
        record([a_hit(house.pixel, user_agent=user_agent)])
    verdicts = Opening.objects.order_by("pk").values_list("verdict", flat=True)
    assert list(verdicts) == ["human", "proxy", "machine"]


# -- The rules of every opening hold ---------------------------------------------------------------
@pytest.mark.parametrize("minutes", [0, 0.001, 59.99, -59.99, 30, -30])
@pytest.mark.parametrize("begin", [0, 30, 59.999])  # in the hour of a salt
def test_a_hit_within_the_hour_of_an_opening_is_a_refresh_of_it(house, begin, minutes):
    first = a_hit(house.pixel, begin)
    record([first])
    [recorded] = record([a_hit(house.pixel, begin + minutes)])
    assert recorded.decision == Decision.REFRESH
    assert recorded.counted_at == first.at


def test_two_hits_of_one_batch_are_told_apart_as_well(house):
    hits = [a_hit(house.pixel, 50), a_hit(house.pixel, 70), a_hit(house.pixel, 110)]
    assert decisions(*hits) == [Decision.RECORDED, Decision.REFRESH, Decision.RECORDED]


@pytest.mark.parametrize("minutes", [60, 61, -60, -61])
def test_a_hit_an_hour_from_an_opening_is_another_opening(house, minutes):
    assert decisions(a_hit(house.pixel), a_hit(house.pixel, minutes)) == [Decision.RECORDED] * 2
    assert sums() == [2, 2, 0, 0]


def test_another_reader_or_contact_is_another_opening_and_mail_open(house):
    other = house.add_contact().pixels.get(number=1)
    hits = [a_hit(house.pixel), a_hit(house.pixel, 1, network_label="google"), a_hit(other, 2)]
    assert decisions(*hits) == [Decision.RECORDED] * 3
    assert sums() == [3, 3, 0, 0]


@pytest.mark.parametrize("apart", [0.0002, 40])
@pytest.mark.parametrize("begin", [0, 59.9999])
def test_a_mail_with_two_pixels_opened_once_is_one_mail_open(house, begin, apart):
    record([a_hit(house.pixel, begin)])
    record([a_hit(house.bottom, begin + apart)])
    assert sums() == [2, 1, 0, 0]


def test_a_hit_delivered_twice_counts_once_even_when_its_reader_is_forgotten(house):
    hit = a_hit(house.pixel)
    assert decisions(hit, hit) == [Decision.RECORDED, Decision.DUPLICATE]
    AnonymousReader.objects.all().delete()
    assert decisions(hit) == [Decision.DUPLICATE]
    assert sums() == [1, 1, 0, 0]


def test_a_pixel_takes_a_hundred_openings_an_hour(house):
    hits = [a_hit(house.pixel, n / 2, user_agent=f"reader {n}") for n in range(102)]
    found = decisions(*hits[:60]) + decisions(*hits[60:])
    assert found == [Decision.RECORDED] * 100 + [Decision.LIMIT] * 2
    assert decisions(a_hit(house.bottom, 50)) == [Decision.RECORDED]


def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(
    house, django_assert_max_num_queries
):
    many = [house.add_contact().pixels.first() for _ in range(30)]
    record([a_hit(house.pixel)])  # the salt of the hour is made once
    with django_assert_max_num_queries(17):
        record([a_hit(house.bottom)])
    with django_assert_max_num_queries(17):
        record([a_hit(each) for each in many])


def test_nothing_of_a_batch_is_stored_where_its_readers_fail(house, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(anonymous.AnonymousHistory, "readers_of", fail)
    with pytest.raises(ZeroDivisionError):
        record([a_hit(house.pixel)])
    assert not Opening.objects.exists()
    assert not OpeningCount.objects.exists()


def test_anonymous_and_other_hits_share_a_batch(house):
    other = House(pixels=2)
    hits = [a_hit(house.pixel), a_hit(other.pixel), a_hit(house.pixel, 1), a_hit(other.pixel, 1)]
    assert decisions(*hits) == [Decision.RECORDED] * 2 + [Decision.REFRESH] * 2
    assert ContactOpenings.objects.get().contact == other.contact
    assert AnonymousReader.objects.count() == 1
    assert sums(group=other.group) == [1, 1, 1, 1]


# -- What tells readers apart is forgotten ---------------------------------------------------------
def test_hashes_differ_from_hour_to_hour_and_hold_nothing_that_can_be_read(house):
    record([a_hit(house.pixel), a_hit(house.pixel, 61)])
    one, two = AnonymousReader.objects.order_by("opened_at")
    assert (one.pixel, one.reader) != (two.pixel, two.reader)
    assert one.reader != two.reader
    first, second = ReaderSalt.objects.order_by("hour")
    assert (first.hour, second.hour) == (NOON, NOON + HOUR)
    assert bytes(first.secret) != bytes(second.secret)


def test_within_a_day_salts_and_hashes_are_gone_and_the_openings_stay(house):
    record([a_hit(house.pixel), a_hit(house.bottom, 59), a_hit(house.pixel, 61)])
    with time_machine.travel(NOON + 22 * HOUR + 59 * MINUTE, tick=False):
        tasks.forget_anonymous_readers()
        assert (ReaderSalt.objects.count(), AnonymousReader.objects.count()) == (2, 3)
    with time_machine.travel(NOON + 23 * HOUR, tick=False):
        tasks.forget_anonymous_readers()
        assert ReaderSalt.objects.get().hour == NOON + HOUR
        assert AnonymousReader.objects.get().opened_at == NOON + 61 * MINUTE
    with time_machine.travel(NOON + 24 * HOUR, tick=False):
        tasks.forget_anonymous_readers()
    assert not ReaderSalt.objects.exists()
    assert not AnonymousReader.objects.exists()
    assert Opening.objects.count() == 3
    assert sums() == [3, 2, 0, 0]


def test_forgetting_goes_in_small_portions(house, monkeypatch):
    monkeypatch.setattr("tracking.models.anonymous_reader.FORGOTTEN_AT_ONCE", 2)
    record([a_hit(house.pixel, user_agent=f"reader {n}") for n in range(5)])
    with time_machine.travel(NOON + 24 * HOUR, tick=False):
        tasks.forget_anonymous_readers()
    assert not AnonymousReader.objects.exists()


def test_a_hit_that_waited_for_days_counts_once_and_is_forgotten_by_the_next_run(house):
    with time_machine.travel(NOON + 48 * HOUR, tick=False):
        assert decisions(a_hit(house.pixel), a_hit(house.pixel, 30)) == [
            Decision.RECORDED,
            Decision.REFRESH,
        ]
        assert decisions(a_hit(house.pixel, 40)) == [Decision.REFRESH]
        tasks.forget_anonymous_readers()
    assert not ReaderSalt.objects.exists()
    assert not AnonymousReader.objects.exists()
    assert sums() == [1, 1, 0, 0]


# -- What people see -------------------------------------------------------------------------------
def test_the_list_of_openings_tells_neither_contact_nor_reader(house):
    open_pixel(house.pixel, NOON)
    [found] = house.client.get("/api/openings/").json()["results"]
    nulls = {name for name, value in found.items() if value is None}
    assert nulls == {"pixel", "contact", "user_agent", "client", "os", "device"}
    assert (found["network"], found["network_label"]) == ("", "")
    assert found["group"] == house.group.pk
    assert house.client.get(f"/api/openings/{found['id']}/").json() == found
    for query in ({"contact": house.contact.pk}, {"pixel": house.pixel.pk}, {"client": "Gmail"}):
        assert house.client.get("/api/openings/", query).json()["results"] == []
    by_campaign = house.client.get("/api/openings/", {"campaign": house.campaign.pk}).json()
    assert by_campaign["results"] == [found]


def test_the_statistics_have_no_figures_by_contact(house):
    open_pixel(house.pixel, NOON)
    open_pixel(house.contact.pixels.get(number=2), NOON)
    figures = house.client.get(f"/api/campaigns/{house.campaign.pk}/statistics/").json()
    for each in (figures, *figures["groups"]):
        assert each["opened_contacts"] == {"any": None, "verified": None}
        assert each["open_rate"] == {"value": None, "low": None, "high": None}
    assert (figures["contacts"], figures["due"]) == (1, 1)
    assert (figures["openings"]["total"], figures["mail_opens"]["human"]) == (2, 1)
    assert len(figures["series"]) == 1


def test_the_admin_shows_the_openings_and_says_that_nobody_knows_who(house, admin_client):
    open_pixel(house.pixel, NOON)
    opening = Opening.objects.get()
    for address in (page(Opening), page(Opening, "change", opening.pk), page(Contact)):
        reply = admin_client.get(address)
        assert reply.status_code == 200
        assert house.contact.email not in reply.text or "/contact/" in address
    text = admin_client.get(page(Campaign, "change", house.campaign.pk)).text
    assert "which contacts opened is not known" in text
    assert "the campaign is anonymous" in text
    assert "groups are not compared" in text
    text = admin_client.get(page(Contact, "change", house.contact.pk)).text
    assert "who opened is not known" in text


# -- Becoming anonymous, and staying so ------------------------------------------------------------
def test_a_campaign_is_made_anonymous_and_may_change_its_mind_before_the_first_opening():
    house = House()
    made = house.client.post("/api/campaigns/", {"name": "Quiet", "tracking": "anonymous"})
    assert made.json()["tracking"] == "anonymous"
    address = f"/api/campaigns/{made.json()['id']}/"
    assert house.client.patch(address, {"tracking": "individual"}).status_code == 200


@pytest.mark.parametrize("by_way_of", ["anonymous", "off"])
def test_what_was_taken_in_anonymously_stays_so(house, by_way_of):
    open_pixel(house.pixel, NOON)
    switch(house, by_way_of)
    address = house.addresses()["campaigns"]
    assert_problem(
        house.client.patch(address, {"tracking": "individual"}), 400, "anonymous", "tracking"
    )
    assert house.client.patch(address, {"name": "Still here"}).status_code == 200
    house.campaign.refresh_from_db()
    assert house.campaign.tracking == by_way_of


def test_the_admin_offers_it_and_refuses_the_way_back_as_well(house, admin_client):
    open_pixel(house.pixel, NOON)
    address = page(Campaign, "change", house.campaign.pk)
    assert "anonymous: how often it was opened" in admin_client.get(address).text
    groups = [{"id": each.pk, "name": each.name} for each in (house.group, house.other_group)]
    form = {"name": "Quiet", "time_zone": "UTC", "pixels_per_contact": 2}
    data = inline("groups", *groups, initial=2, tracking="individual", **form)
    assert "taken in anonymously" in admin_client.post(address, data).text
    assert admin_client.post(address, data | {"tracking": "off"}).status_code == 302


def test_a_campaign_that_becomes_anonymous_keeps_what_it_knew(house):
    switch(house, "individual")
    open_pixel(house.pixel, NOON - 3 * HOUR)
    switch(house, "anonymous")
    open_pixel(house.pixel, NOON)
    assert list(Opening.objects.order_by("pk").values_list("contact", flat=True)) == [
        house.contact.pk,
        None,
    ]
    assert ContactOpenings.objects.get().openings == 1
    assert sums() == [2, 2, 1, 1]
    figures = house.client.get(f"/api/campaigns/{house.campaign.pk}/statistics/").json()
    assert figures["opened_contacts"] == {"any": None, "verified": None}


def test_what_it_knew_still_tells_refreshes_and_mail_opens(house):
    switch(house, "individual")
    before = a_hit(house.pixel)
    record([before])
    switch(house, "anonymous")
    [refresh] = record([a_hit(house.pixel, 20)])
    assert (refresh.decision, refresh.counted_at) == (Decision.REFRESH, before.at)
    hits = [
        a_hit(house.bottom, 20),
        a_hit(house.pixel, 30, user_agent=GMAIL),
        a_hit(house.pixel, 60),
    ]
    assert decisions(*hits) == [Decision.RECORDED] * 3
    assert sums() == [4, 3, 1, 1]


def test_a_pixel_that_was_full_before_the_switch_is_full_after_it(house):
    switch(house, "individual")
    record([a_hit(house.pixel, user_agent=f"reader {n}") for n in range(100)])
    switch(house, "anonymous")
    assert decisions(a_hit(house.pixel, 1, user_agent="another")) == [Decision.LIMIT]


def test_off_stores_nothing(house):
    switch(house, "off")
    assert decisions(a_hit(house.pixel)) == [Decision.OFF]
    assert not Opening.objects.exists()


# -- Removal ---------------------------------------------------------------------------------------
def test_a_contact_goes_and_the_anonymous_openings_stay(house):
    open_pixel(house.pixel, NOON)
    assert house.client.delete(house.addresses()["contacts"]).status_code == 204
    assert Opening.objects.count() == 1
    assert sums() == [1, 1, 0, 0]


@pytest.mark.parametrize("kind", ["groups", "campaigns"])
def test_a_group_takes_its_anonymous_openings_along(house, kind):
    other = house.add_contact(house.other_group).pixels.first()
    for pixel in (house.pixel, house.bottom, other):
        open_pixel(pixel, NOON)
    assert house.client.delete(house.addresses()[kind]).status_code == 202
    finish_removals()
    left = 0 if kind == "campaigns" else 1
    assert Opening.objects.count() == AnonymousReader.objects.count() == left
    assert sums() == [left, left, 0, 0]
    [removal] = house.client.get("/api/removals/").json()["results"]
    openings = 3 if kind == "campaigns" else 2
    assert (removal["openings_total"], removal["openings_removed"]) == (openings, openings)


def test_the_fixture_still_loads_and_can_become_anonymous():
    call_command("loaddata", "sample", verbosity=0)
    campaign = Campaign.objects.get()
    campaign.tracking = "anonymous"
    campaign.full_clean()
    campaign.save()
    pixel = campaign.groups.first().contacts.first().pixels.first()
    open_pixel(pixel, NOON)
    assert Opening.objects.get().contact is None
