"""How many contacts are scheduled for when, as it is kept."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command

from accounts.tests.staff import admin_client, inline, page
from campaigns import mail_changes, recount, removal_steps
from campaigns.models import Campaign, CampaignTurn, Contact, ScheduledCount, SharedContact
from campaigns.models.campaign_turn import CampaignTurnQuerySet
from campaigns.recount import recount_contacts
from campaigns.tests.admin_forms import contact_form
from campaigns.tests.factories import reschedule
from campaigns.tests.importing import table, take_in
from campaigns.tests.recounted import assert_kept_follows, marks
from campaigns.tests.removed import finish_removals

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


def kept(group, at=NOON) -> tuple[int, int]:
    """(contacts, due)"""
    return kept_of([group.pk], at)[group.pk]


def kept_of(groups: list[int], at) -> dict[int, tuple[int, int]]:
    found = ScheduledCount.objects.schedules(groups, at)
    return {group: (found.contacts[group], found.due[group]) for group in groups}


# -- Contacts, and due contacts --------------------------------------------------------------------
def test_a_contact_is_due_from_its_minute_on(house):
    house.add_contact(house.other_group, scheduled_at=NOON + 30 * SECOND)
    assert kept(house.other_group, NOON - SECOND) == (1, 0)
    for moment in (NOON, NOON + 30 * SECOND, NOON + MINUTE, NOON + DAY, NOON + 400 * DAY):
        assert kept(house.other_group, moment) == (1, 1)


def test_what_was_due_on_other_days_and_earlier_today_is_due_and_later_is_not(house):
    midnight = NOON - timedelta(hours=12)
    moments = [midnight - MINUTE, midnight, NOON - MINUTE, NOON, NOON + MINUTE, midnight + DAY]
    for moment in moments:
        house.add_contact(house.other_group, scheduled_at=moment)
    for number, moment in enumerate(moments, 1):
        assert kept(house.other_group, moment) == (6, number)
        assert kept(house.other_group, moment - SECOND) == (6, number - 1)


def test_long_ago_and_far_ahead_are_counted_as_well(house):
    for year in (1, 1969, 1970, 9999):
        house.add_contact(house.other_group, scheduled_at=datetime(year, 1, 1, tzinfo=UTC))
    assert kept(house.other_group) == (4, 3)
    assert recount_contacts(house.campaign.pk) == 0
    assert_kept_follows()


def test_groups_are_told_together_in_two_queries(house, django_assert_num_queries):
    for group in (house.group, house.other_group):
        house.add_contact(group, scheduled_at=NOON)
    house.contact.remove()
    groups = [house.group.pk, house.other_group.pk]
    with django_assert_num_queries(2):
        found = kept_of(groups, NOON)
    assert found == dict.fromkeys(groups, (1, 1))


# -- Who changes contacts --------------------------------------------------------------------------
def test_contacts_that_staff_add_change_and_delete_are_followed(house, admin_client):
    form = contact_form(house.other_group, "ada@example.com")
    admin_client.post(page(Contact, "add"), form)
    contact = Contact.objects.get(email_key="ada@example.com")
    assert kept(house.other_group, NOON) == (1, 1)
    assert_kept_follows()
    rows = [{"id": pixel.pk, "contact": contact.pk} for pixel in contact.pixels.all()]
    form |= {"scheduled_at_0": "2026-03-02", "email": house.contact.email}
    form = inline("pixels", *rows, initial=len(rows), **form)
    assert admin_client.post(page(Contact, "change", contact.pk), form).status_code == 302
    assert kept(house.other_group, NOON) == (1, 0)
    assert marks() == {contact.pk, house.contact.pk}
    assert_kept_follows()
    admin_client.post(page(Contact, "delete", contact.pk), {"post": "yes"})
    assert kept(house.other_group) == (0, 0)
    data = {"action": "delete_selected", "_selected_action": [house.contact.pk], "post": "yes"}
    admin_client.post(page(Contact), data)
    assert not Contact.objects.exists()
    assert_kept_follows()


def test_an_import_that_comes_again_with_other_times_moves_them(house):
    rows = [f"{number}@example.com,2026-03-01T0{number}:00:00Z" for number in range(5)]
    take_in(house.campaign, table("email,scheduled_at", *rows), group=house.other_group)
    later = [row.replace("2026-03-01", "2026-03-02") for row in rows[:2]]
    take_in(house.campaign, table("email,scheduled_at", *later), group=house.other_group)
    assert kept(house.other_group) == (5, 3)
    assert_kept_follows()


def test_what_is_kept_of_a_group_goes_with_it_in_small_steps(house, monkeypatch):
    monkeypatch.setattr(removal_steps, "STEP_ROWS", 2)
    for number in range(5):
        house.add_contact(scheduled_at=NOON + number * MINUTE)
        house.add_contact(house.other_group, email=f"{number}@example.com")
        house.add_contact(email=f"{number}@example.com", scheduled_at=NOON + number * DAY)
    assert SharedContact.objects.count() == 10
    house.client.delete(house.addresses()["groups"])
    finish_removals()
    assert not ScheduledCount.objects.exclude(group=house.other_group).exists()
    assert not SharedContact.objects.exists()
    assert_kept_follows()
    house.client.delete(house.addresses()["campaigns"])
    finish_removals()
    for model in (Campaign, CampaignTurn, ScheduledCount):
        assert not model._base_manager.exists()


def test_a_change_of_something_else_takes_no_turn(house):
    turns = list(CampaignTurn.objects.values_list("taken", flat=True))
    house.client.patch(house.addresses()["contacts"], {"name": "Ada"})
    row = {"group": house.group.pk, "email": house.contact.email, "name": "Ada Lovelace"}
    house.client.post("/api/contacts/bulk/", {"contacts": [row]})
    assert list(CampaignTurn.objects.values_list("taken", flat=True)) == turns


# -- Rescheduling ----------------------------------------------------------------------------------
@pytest.fixture
def told(monkeypatch):
    """The ids of what was rescheduled, call by call, each with how it stood there by then."""
    calls = []

    def follow(contacts):
        calls.append(
            dict(Contact.objects.filter(pk__in=contacts).values_list("pk", "scheduled_at"))
        )

    monkeypatch.setattr(mail_changes, "_followers", [])
    mail_changes.when_mails_change(follow)
    return calls


def test_other_apps_are_told_of_what_is_rescheduled_whoever_does_it(house, told, admin_client):
    contact, url = house.contact, house.addresses()["contacts"]
    house.client.patch(url, {"scheduled_at": "2026-03-01T12:00:00Z"})
    row = {"group": house.group.pk, "email": contact.email}
    rows = [row | {"scheduled_at": "2026-03-02T12:00:00Z"}]
    house.client.post("/api/contacts/bulk/", {"contacts": rows})
    take_in(house.campaign, table("email,group", f"{contact.email},A"), scheduled_at=NOON + 2 * DAY)
    form = contact_form(house.group, contact.email, scheduled_at_0="2026-03-04")
    pixels = [{"id": pixel.pk, "contact": contact.pk} for pixel in contact.pixels.all()]
    form = inline("pixels", *pixels, initial=len(pixels), **form)
    admin_client.post(page(Contact, "change", contact.pk), form)
    at_eight = datetime(2026, 3, 4, 8, tzinfo=UTC)
    moments = [NOON, NOON + DAY, NOON + 2 * DAY, at_eight]
    assert told == [{contact.pk: moment} for moment in moments]


def test_a_contact_that_comes_goes_or_stays_is_not_rescheduled(house, told):
    row = {"group": house.group.pk, "email": "ada@example.com", "scheduled_at": NOON.isoformat()}
    for _ in range(2):
        house.client.post("/api/contacts/bulk/", {"contacts": [row]})
    house.client.patch(house.addresses()["contacts"], {"name": "Ada", "email": "x@example.com"})
    house.contact.erase()
    house.contact.remove()
    assert told == []


def test_if_another_app_cannot_follow_nothing_is_rescheduled(house, monkeypatch):
    def fail(contacts):
        raise ZeroDivisionError

    monkeypatch.setattr(mail_changes, "_followers", [fail])
    before = house.contact.scheduled_at
    with pytest.raises(ZeroDivisionError):
        reschedule(house.contact, NOON)
    house.contact.refresh_from_db()
    assert house.contact.scheduled_at == before
    assert_kept_follows()


# -- Recounting ------------------------------------------------------------------------------------
@pytest.fixture
def crowd(house, monkeypatch):
    """Contacts of many minutes and days, in small slices; some addresses are in both groups."""
    monkeypatch.setattr(recount, "SLICE", 3)
    monkeypatch.setattr(recount, "ADDRESSES", 2)
    for number in range(6):
        house.add_contact(email=f"{number}@example.com", scheduled_at=NOON + number * DAY)
        house.add_contact(scheduled_at=NOON + number * 5 * SECOND)
    for number in range(0, 6, 2):
        house.add_contact(
            house.other_group, email=f"{number}@example.com", scheduled_at=NOON - 9 * DAY
        )
    return house


def test_a_recount_finds_nothing_where_nothing_is_wrong(crowd):
    before = list(ScheduledCount.objects.order_by("group_id", "day").values())
    assert recount_contacts(crowd.campaign.pk) == 0
    assert list(ScheduledCount.objects.order_by("group_id", "day").values()) == before
    assert_kept_follows()


def test_a_recount_makes_all_anew_that_is_lost(crowd):
    ScheduledCount.objects.all().delete()
    SharedContact.objects.all().delete()
    assert recount_contacts(crowd.campaign.pk) > 10
    assert len(marks()) == 6
    assert_kept_follows()


def test_a_recount_mends_what_is_wrong_and_says_that_there_was_something(crowd):
    full, other, *_ = ScheduledCount.objects.filter(group=crowd.group).order_by("-contacts")
    full.minutes |= {"00:05": 1, min(full.minutes): 99}
    full.save()
    other.contacts += 1
    other.save()
    stale = ScheduledCount(group=crowd.other_group, day=date(2020, 1, 1))
    stale.add({"00:07": 2, "00:08": -2})
    stale.save()
    SharedContact.objects.create(contact_id=crowd.contact.pk, group=crowd.group)  # is alone
    SharedContact.objects.create(contact_id=10**9, group=crowd.group)  # is nobody
    SharedContact.objects.filter(group=crowd.other_group).first().delete()
    assert recount_contacts(crowd.campaign.pk) >= 2 + 1 + 2 + 3
    assert_kept_follows()
    assert not ScheduledCount.objects.filter(contacts=0).exists()
    assert recount_contacts(crowd.campaign.pk) == 0


def test_a_recount_leaves_the_marks_of_erased_persons(crowd):
    Contact.objects.get(group=crowd.group, email_key="0@example.com").erase()
    before = marks()
    assert recount_contacts(crowd.campaign.pk) == 0
    assert marks() == before
    assert len(before) == 6


def test_contacts_that_come_between_two_slices_of_a_recount_are_counted_once(crowd, monkeypatch):
    SharedContact.objects.all().delete()
    ScheduledCount.objects.filter(contacts=1).update(contacts=5, minutes={})
    take, numbers = CampaignTurnQuerySet.take, iter(range(1_000))
    busy = []

    def take_after_others(self, groups):
        if not busy and (number := next(numbers)) % 3 == 0:
            busy.append(True)
            group = (crowd.group, crowd.other_group)[number % 2]
            moment = NOON + (number % 7) * DAY
            crowd.add_contact(group, email=f"{number // 6}@example.org", scheduled_at=moment)
            busy.clear()
        return take(self, groups)

    monkeypatch.setattr(CampaignTurnQuerySet, "take", take_after_others)
    assert recount_contacts(crowd.campaign.pk) > 5
    assert next(numbers) > 20
    assert_kept_follows()


# -- Fixtures --------------------------------------------------------------------------------------
def test_what_loaddata_brings_is_counted_and_loading_it_again_changes_nothing():
    call_command("loaddata", "sample", verbosity=0)
    assert_kept_follows()
    [campaign] = Campaign.objects.all()
    groups = list(campaign.groups.values_list("pk", flat=True))
    counts = kept_of(groups, NOON)
    assert counts == dict.fromkeys(groups, (10, 10))
    Contact.objects.first().remove()
    Contact.objects.schedule(group=campaign.groups.first(), email="ada@example.com")
    call_command("loaddata", "sample", verbosity=0)
    assert_kept_follows()


def test_a_fixture_that_moves_a_contact_takes_it_from_where_it_was(house, tmp_path):
    other = tmp_path / "moved.json"
    call_command("dumpdata", "campaigns.contact", output=str(other), verbosity=0)
    [row] = json.loads(other.read_text())
    row["fields"]["group"] = house.other_group.pk
    other.write_text(json.dumps([row]))
    call_command("loaddata", str(other), verbosity=0)
    assert (kept(house.group), kept(house.other_group)[0]) == ((0, 0), 1)
    assert_kept_follows()
