"""Groups beside the control, in the statistics. The comparison has its own tests."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import ScheduledCount
from campaigns.tests.house import House
from tracking.models import CountedDay, OpeningCount
from tracking.tests.opened import MACHINE, PERSON, open_pixel

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def house():
    with time_machine.travel(NOON + DAY, tick=False):
        house = House(pixels=1)
        house.contact.remove()
        yield house


def count(group, contacts: int, opened: int, verified: int, at=NOON):
    """As if so many contacts had been scheduled, and had opened an hour later."""
    ScheduledCount.objects.add({(group.pk, at): contacts})
    numbers = {"openings": verified, "mail_opens": verified}
    OpeningCount.objects.create(
        group=group,
        quarter=at + HOUR,
        verdict="human",
        first_openings=verified,
        first_verified=verified,
        **numbers,
    )
    numbers = dict.fromkeys(("openings", "mail_opens", "first_openings"), opened - verified)
    OpeningCount.objects.create(group=group, quarter=at + HOUR, verdict="machine", **numbers)
    CountedDay.objects.change([(group.pk, (at + HOUR).date())])


def groups(house, **query) -> list[dict]:
    response = house.client.get(f"/api/campaigns/{house.campaign.pk}/statistics/", query)
    assert response.status_code == 200, response.content
    return response.json()["groups"]


def test_the_verified_answer_has_the_raw_one_beside_it(house):
    count(house.group, 10_000, 2_000, 2_000)
    count(house.other_group, 10_000, 2_400, 2_010)  # 390 more, by machines
    control, other = groups(house)
    assert control["versus_control"] is control["versus_control_raw"] is None
    verified, raw = other["versus_control"], other["versus_control_raw"]
    assert verified["difference"] == pytest.approx(0.001)
    assert verified["result"] == "no difference yet"
    assert verified["low"] < 0 < verified["high"]
    assert raw["difference"] == pytest.approx(0.04)
    assert raw["result"] == "better"
    assert 0 < raw["low"] < 0.04 < raw["high"]
    assert raw["confidence"] == verified["confidence"] == 0.95
    assert raw["contacts_wanted"] is verified["contacts_wanted"] is None


def test_a_period_changes_no_comparison(house):
    count(house.group, 10_000, 2_000, 2_000)
    count(house.other_group, 10_000, 2_400, 2_400)
    whole = groups(house)[1]
    part = groups(house, **{"from": "2026-03-02T00:00:00Z"}, verdict="machine")[1]
    assert part["openings"]["total"] == 0
    assert part["versus_control"] == whole["versus_control"]
    assert whole["versus_control"]["result"] == "better"


def test_few_contacts_are_too_early(house):
    for group in (house.group, house.other_group):
        contacts = [house.add_contact(group, scheduled_at=NOON) for _ in range(2)]
        open_pixel(contacts[0].pixels.get(), NOON + HOUR, PERSON)
    open_pixel(contacts[1].pixels.get(), NOON + HOUR, MACHINE)
    found = groups(house)[1]
    assert found["versus_control"]["difference"] == 0
    assert found["versus_control_raw"]["difference"] == 0.5
    for each in (found["versus_control"], found["versus_control_raw"]):
        assert (each["result"], each["low"], each["high"]) == ("too early", None, None)
        assert each["contacts_wanted"] > 10


def test_who_is_in_both_groups_is_left_out_and_counted(house):
    for group in (house.group, house.other_group):
        for _ in range(3):
            house.add_contact(group, scheduled_at=NOON)
        both = house.add_contact(group, email="both@example.com", scheduled_at=NOON)
        house.add_contact(group, email="later@example.com", scheduled_at=NOON + 9 * DAY)
    # Only the second group's mails to them were opened: the one that is due, and the other.
    open_pixel(both.pixels.get(), NOON + HOUR, PERSON)
    later = house.other_group.contacts.get(email="later@example.com")
    open_pixel(later.pixels.get(), NOON + HOUR, PERSON)
    alone = house.other_group.contacts.order_by("pk").first()
    open_pixel(alone.pixels.get(), NOON + HOUR, PERSON)
    control, other = groups(house)
    assert (control["shared"], other["shared"]) == (2, 2)
    assert (control["due"], other["due"]) == (4, 5)
    assert (control["raw"]["contacts"], other["raw"]["contacts"]) == (0, 3)
    for key in ("versus_control", "versus_control_raw"):
        assert other[key]["difference"] == pytest.approx(1 / 3)  # 1 of 3, and 0 of 3


def test_who_opens_before_being_due_is_left_out_with_all_who_are_not_due(house):
    """Else all of a group that went out too early would count as opened."""
    for number in range(50):
        for group, at in ((house.group, NOON), (house.other_group, NOON + 2 * DAY)):
            contact = house.add_contact(group, scheduled_at=at)
            if number % 5 == 0:
                open_pixel(contact.pixels.get(), NOON + HOUR, PERSON if number % 2 else MACHINE)
    control, other = groups(house)
    assert (other["due"], other["open_rate"]["value"]) == (10, 1)
    for key in ("versus_control", "versus_control_raw"):
        assert (other[key]["result"], other[key]["difference"]) == ("too early", None)
    assert control["schedule_warning"] is None
    assert other["schedule_warning"]["code"] == "opened_early"
    assert "10 contacts of the group and 0 of the control" in other["schedule_warning"]["detail"]


def test_who_is_early_and_in_both_groups_is_left_out_once(house):
    for group in (house.group, house.other_group):
        contacts = [house.add_contact(group, scheduled_at=NOON) for _ in range(4)]
        both = house.add_contact(group, email="both@example.com", scheduled_at=NOON + 9 * DAY)
        for contact, reader in ((both, PERSON), (contacts[0], PERSON), (contacts[1], MACHINE)):
            open_pixel(contact.pixels.get(), NOON + HOUR, reader)
    open_pixel(contacts[2].pixels.get(), NOON + HOUR, PERSON)
    control, other = groups(house)
    assert (control["shared"], other["shared"], other["due"]) == (1, 1, 5)
    # Of four in each group that are due: one person and two, and a machine in each.
    assert other["versus_control"]["difference"] == pytest.approx(1 / 4)
    assert other["versus_control_raw"]["difference"] == pytest.approx(1 / 4)


def test_a_single_mail_that_went_out_for_a_try_is_no_warning(house):
    for group in (house.group, house.other_group):
        count(group, 100, 20, 20)
    early = house.add_contact(house.other_group, scheduled_at=NOON + 9 * DAY)
    open_pixel(early.pixels.get(), NOON + HOUR, PERSON)
    found = groups(house)[1]
    assert found["schedule_warning"] is None
    assert (found["due"], found["versus_control"]["difference"]) == (101, 0)


def test_what_a_few_minutes_make_in_large_groups_is_warned_of(house):
    later = NOON + 23 * HOUR
    count(house.group, 200_000, 20_000, 20_000, at=later)
    count(house.other_group, 200_000, 19_000, 19_000, at=later + 5 * MINUTE)
    warning = groups(house)[1]["schedule_warning"]
    assert (warning["code"], warning["apart_s"]) == ("scheduled_apart", 300)
    assert "5 minutes apart" in warning["detail"]
    assert "in groups as large" in warning["detail"]


def test_a_few_minutes_do_not_matter_in_small_groups(house):
    later = NOON + 23 * HOUR
    count(house.group, 2_000, 200, 200, at=later)
    count(house.other_group, 2_000, 190, 190, at=later + 5 * MINUTE)
    assert groups(house)[1]["schedule_warning"] is None


def test_schedules_that_are_too_far_apart_are_warned_of(house):
    count(house.group, 1_000, 100, 100)
    count(house.other_group, 1_000, 100, 100, at=NOON + 3 * HOUR)
    control, other = groups(house)
    assert control["schedule_warning"] is None
    assert other["schedule_warning"]["later_s"] == other["schedule_warning"]["apart_s"] == 10_800
    assert "3.0 hours apart" in other["schedule_warning"]["detail"]


def test_equal_schedules_are_not_warned_of(house):
    for group in (house.group, house.other_group):
        count(group, 1_000, 100, 100)
        # What is not due yet is nothing to compare.
    ScheduledCount.objects.add({(house.other_group.pk, NOON + 3 * DAY): 1_000})
    assert groups(house)[1]["schedule_warning"] is None


def test_of_a_long_schedule_the_last_days_tell_what_is_hours_apart(house):
    for days in range(30):
        ScheduledCount.objects.add({(house.group.pk, NOON - days * DAY): 500})
        ScheduledCount.objects.add({(house.other_group.pk, NOON - days * DAY + 2 * HOUR): 500})
    assert groups(house)[1]["schedule_warning"]["later_s"] == 7_200


def test_of_a_long_schedule_all_days_count(house):
    for days in range(30):
        ScheduledCount.objects.add({(house.group.pk, NOON - days * DAY): 500 + 10 * days})
        ScheduledCount.objects.add({(house.other_group.pk, NOON - days * DAY): 500 - 10 * days})
    # On average 15.66 and 12.39 days before the last one.
    later = groups(house)[1]["schedule_warning"]["later_s"]
    assert later / 86_400 == pytest.approx(15.66 - 12.39, abs=0.01)


def test_minutes_are_read_of_a_few_days_only(house):
    for days in range(30):
        for group in (house.group, house.other_group):
            ScheduledCount.objects.add({(group.pk, NOON - days * DAY): 500})
    ScheduledCount.objects.add({(house.group.pk, NOON + 9 * DAY): 500})
    with CaptureQueriesContext(connection) as captured:
        found = ScheduledCount.objects.schedules([house.group.pk, house.other_group.pk], NOON + DAY)
    assert sum(found.times[house.group.pk].values()) == 30 * 500
    assert len(found.precise(house.group.pk)) == 4
    others = found.times[house.group.pk].keys() - found.precise(house.group.pk).keys()
    assert len(others) == 26
    [_, minutes] = [query["sql"] for query in captured]
    assert minutes.count("2026-0") == 4


def test_without_a_control_nothing_is_compared(house):
    house.campaign.groups.update(is_control=False)
    assert [group["versus_control"] for group in groups(house)] == [None, None]
