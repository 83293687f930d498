from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import LoginTrace, TokenFamily
from accounts.paginator import BoundedPaginator
from accounts.tests.staff import admin_client, make_staff, page, said, signed_in
from campaigns.admin.lists import CampaignFilter
from campaigns.models import (
    Campaign,
    CampaignTurn,
    Contact,
    ContactColumn,
    Group,
    Pixel,
    ScheduledCount,
    SharedContact,
)
from campaigns.tests.factories import make_campaign, make_contact
from campaigns.tests.removed import finish_removals
from tracking.hit import Hit
from tracking.models import (
    AnonymousReader,
    ArchivedAnonymously,
    ArchivedUntil,
    CellVisitor,
    ContactOpenings,
    CountedDay,
    Opening,
    OpeningCount,
    PageView,
    QuarantinedHit,
    ReaderSalt,
    RebuildDue,
    ReplicaMark,
    UserAgent,
    ViewCell,
)
from tracking.page_views.hit import ViewHit
from tracking.record import record

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db

OURS = [Opening, ContactOpenings, OpeningCount]
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0"


def name_of(model) -> str:
    return model.__name__


def open_mail(contact, minutes=0):
    """All pixels of the mail are fetched at once."""
    at = round((NOON + timedelta(minutes=minutes)).timestamp() * 1000)
    pixels = contact.pixels.order_by("number")
    record([Hit(uuid4().bytes, each.uuid.bytes, at, user_agent=THUNDERBIRD) for each in pixels])


def opened_contact(group=None):
    contact = make_contact(group, pixels=2)
    open_mail(contact)
    return contact


@pytest.mark.parametrize("app", ["accounts", "campaigns", "tracking"])
def test_every_model_has_its_pages(app):
    # Hashes, numbers and marks: there is nothing to read in them, or nobody is to.
    unseen = {AnonymousReader, ArchivedAnonymously, LoginTrace, ReaderSalt, TokenFamily}
    unseen |= {ArchivedUntil, CountedDay, RebuildDue, ReplicaMark}
    unseen.add(ContactColumn)  # its name is in each file of the campaign
    unseen |= {CampaignTurn, ScheduledCount, SharedContact}
    unseen |= {CellVisitor, PageView, ViewCell}  # shown with pages and visitors
    assert set(apps.get_app_config(app).get_models()) - unseen <= admin.site._registry.keys()


def test_hits_in_quarantine_are_for_superusers(admin_client):
    QuarantinedHit.objects.put(b"x" * 16, b"junk", ValueError())
    assert "ValueError" in admin_client.get(page(QuarantinedHit)).text
    anna = make_staff(models=[QuarantinedHit])
    assert "ValueError" not in signed_in(anna).get(page(QuarantinedHit)).text


def act(client, action, hits, **more):
    chosen = {"action": action, "_selected_action": [hit.pk for hit in hits], **more}
    return client.post(page(QuarantinedHit), chosen, follow=True)


@pytest.fixture
def quarantined():
    """A good hit of each kind, and what is none."""
    uuid, at = make_contact().pixels.get().uuid.bytes, round(NOON.timestamp() * 1000)
    for good in (Hit(uuid4().bytes, uuid, at), ViewHit(uuid4().bytes, "home", "anna", at)):
        QuarantinedHit.objects.put(good.event_id, good.packed, OverflowError())
    QuarantinedHit.objects.put(b"x" * 16, b"junk", OverflowError())
    return list(QuarantinedHit.objects.order_by("pk"))


@pytest.mark.django_db(transaction=True)
def test_what_can_be_recorded_leaves_the_quarantine_by_replay(admin_client, quarantined):
    reply = act(admin_client, "replay_selected", quarantined)
    assert Opening.objects.count() == PageView.objects.count() == 1
    assert "2 replayed." in reply.text
    assert "1 kept, which still can&#x27;t be recorded." in reply.text
    [left] = QuarantinedHit.objects.all()
    assert (left.pk, left.reason) == (quarantined[2].pk, "ExtraData")
    act(admin_client, "delete_selected", [left], post="yes")
    assert not QuarantinedHit.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_only_superusers_replay_and_discard(quarantined):
    anna = signed_in(make_staff(models=[QuarantinedHit]))
    act(anna, "replay_selected", quarantined)
    act(anna, "delete_selected", quarantined, post="yes")
    assert QuarantinedHit.objects.count() == 3


@pytest.mark.parametrize("model", [*OURS, UserAgent], ids=name_of)
def test_what_the_service_writes_can_be_read_and_not_changed(admin_client, model):
    opened_contact()
    row = model.objects.first()
    assert admin_client.get(page(model, "change", row.pk)).status_code == 200
    assert admin_client.post(page(model, "change", row.pk), {}).status_code == 403
    assert admin_client.get(page(model, "add")).status_code == 403
    assert admin_client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    admin_client.post(page(model), data)
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", OURS, ids=name_of)
def test_members_see_the_openings_of_their_teams_only(model):
    anna = make_staff(models=OURS)
    ours = opened_contact(make_campaign(anna.own_team).groups.get())
    theirs = opened_contact(make_campaign(name="Theirs").groups.get())
    client = signed_in(anna)
    listed = client.get(page(model))
    groups = {(getattr(row, "contact", None) or row).group for row in listed.context["cl"].queryset}
    assert groups == {ours.group}
    assert "Theirs" not in listed.text
    assert theirs.email not in listed.text.replace("<wbr>", "")
    hidden = model.objects.order_by("pk").last()
    assert client.get(page(model, "change", hidden.pk)).url == "/admin/"


def test_long_names_may_go_on_in_the_next_line_of_the_list_of_openings(admin_client):
    contact = opened_contact()
    text = admin_client.get(page(Opening)).text
    person, domain = contact.email.split("@")
    assert f'<td class="field-addressee">{person}<wbr>@{domain}</td>' in text
    assert f'<td class="field-arm">{contact.group}</td>' in text


@pytest.mark.parametrize("model", [*OURS, Contact], ids=name_of)
@pytest.mark.parametrize("who", ["superuser", "member"])
def test_lists_ask_the_same_number_of_questions_whatever_their_length(
    admin_client, model, who, django_assert_max_num_queries
):
    anna = make_staff(models=[*OURS, Contact])
    client = admin_client if who == "superuser" else signed_in(anna)
    for target in (1, 12):
        while model.objects.count() < target:
            opened_contact(make_campaign(anna.own_team).groups.get())
        with django_assert_max_num_queries(14):
            assert client.get(page(model)).context["cl"].result_count >= target


@pytest.mark.parametrize("model", OURS, ids=name_of)
def test_big_tables_are_not_counted_to_the_end(
    admin_client, model, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(BoundedPaginator, "MOST", 2)
    for _ in range(4):
        opened_contact()
    with django_assert_max_num_queries(14) as captured:
        text = admin_client.get(page(model)).text
    counting = [each["sql"] for each in captured if "COUNT(" in each["sql"]]
    assert counting
    assert all("LIMIT 3" in sql for sql in counting)
    assert "2+ " in text


def test_openings_are_filtered_by_campaign(admin_client):
    contact = opened_contact()
    opened_contact()
    query = {"campaign": contact.group.campaign_id}
    results = admin_client.get(page(Opening), query).context["cl"].result_list
    assert {row.contact for row in results} == {contact}


@pytest.mark.parametrize("model", [*OURS, Contact, Pixel], ids=name_of)
def test_lists_read_big_tables_without_a_join(admin_client, model, django_assert_max_num_queries):
    """MySQL would start at the small table and sort the big one, for seconds."""
    contact = opened_contact()
    queries = [{}, {"q": contact.email}]
    if CampaignFilter in admin.site.get_model_admin(model).list_filter:
        queries.append({"campaign": contact.group.campaign_id})
    for query in queries:
        with django_assert_max_num_queries(20) as captured:
            admin_client.get(page(model), query)
        table = model._meta.db_table
        plain = [each["sql"].translate({ord(quote): None for quote in '"`'}) for each in captured]
        asked = [sql for sql in plain if f"FROM {table} " in f"{sql} "]
        assert asked
        assert not [sql for sql in asked if "JOIN" in sql]


def test_openings_are_found_by_address_and_event_id(admin_client):
    contact = opened_contact()
    opened_contact()
    event_id = contact.openings.first().event_id
    for query, number in {contact.email[:-1].upper(): 2, str(event_id): 1, "nobody": 0}.items():
        results = admin_client.get(page(Opening), {"q": query}).context["cl"].result_list
        assert [row.contact for row in results] == [contact] * number


def test_the_page_that_asks_names_the_openings(admin_client):
    contact = opened_contact()
    opened_contact()
    rows = {Campaign: contact.group.campaign, Group: contact.group, Contact: contact}
    for model, row in rows.items():
        assert "Openings: 2" in admin_client.get(page(model, "delete", row.pk)).text


@pytest.mark.parametrize("in_bulk", [False, True])
@pytest.mark.parametrize("model", [Campaign, Group, Contact], ids=name_of)
def test_the_counts_follow_a_deletion(admin_client, model, in_bulk):
    campaign = make_campaign(group_names=["A", "B"])
    a, b = campaign.groups.order_by("pk")
    goes = opened_contact(a)
    stays = opened_contact() if model is Campaign else opened_contact(b)
    row = {Campaign: campaign, Group: a, Contact: goes}[model]
    if in_bulk:
        data = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
        admin_client.post(page(model), data)
    else:
        admin_client.post(page(model, "delete", row.pk), {"post": "yes"})
    finish_removals()
    assert {opening.contact for opening in Opening.objects.all()} == {stays}
    assert ContactOpenings.objects.get().contact == stays
    assert sum(OpeningCount.objects.values_list("openings", flat=True)) == 2
    assert sum(OpeningCount.objects.values_list("first_openings", flat=True)) == 1


@pytest.mark.parametrize("in_bulk", [False, True])
def test_a_pixel_that_was_opened_stays(admin_client, in_bulk):
    contact = opened_contact()
    pixel = contact.pixels.get(number=2)
    address = page(Pixel) if in_bulk else page(Pixel, "delete", pixel.pk)
    data = {"action": "delete_selected", "_selected_action": pixel.pk} if in_bulk else {}
    reply = admin_client.post(address, data | {"post": "yes"})
    assert "1 openings, which can only be deleted together with the contact" in reply.text
    assert Pixel.objects.filter(pk=pixel.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_an_opening_that_comes_in_while_its_pixel_goes_is_kept(admin_client, monkeypatch):
    contact = opened_contact()
    pixel = contact.pixels.get(number=1)
    page_of_pixels = admin.site.get_model_admin(Pixel)
    unaware = ([], {}, set(), [])  # it looked before the opening came in
    monkeypatch.setattr(page_of_pixels, "get_deleted_objects", lambda *args: unaware)
    reply = admin_client.post(page(Pixel, "delete", pixel.pk), {"post": "yes"})
    assert "Nothing was deleted" in said(reply)
    assert Opening.objects.filter(pixel=pixel).exists()


def plan_of(query: dict) -> str:
    """Which index the database reads, and how."""
    with connection.cursor() as cursor:
        how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        cursor.execute(f"{how} {query['sql']}")
        place = -1 if connection.vendor == "sqlite" else 5
        return " ".join(str(row[place]) for row in cursor.fetchall())


def test_all_openings_of_a_contact_are_read_by_the_contact():
    """However many groups one has: they are not what the database looks through."""
    anna = make_staff(models=[Opening])
    groups = [make_campaign(anna.own_team).groups.get() for _ in range(4)]
    contacts = [opened_contact(group) for group in groups]
    client = signed_in(anna)
    with CaptureQueriesContext(connection) as asked:
        reply = client.get(page(Opening), {"contact__id__exact": contacts[3].pk})
    assert {each.contact for each in reply.context["cl"].result_list} == {contacts[3]}
    read = [each for each in asked if 'FROM "tracking_opening"' in each["sql"].replace("`", '"')]
    assert read
    for each in read:
        assert "group_id" not in each["sql"].partition(" WHERE ")[2]
        # MySQL may read a table of four rows as it lies.
        assert plan_of(each) == "PRIMARY" or "opening_contact_time" in plan_of(each)


def test_no_openings_of_another_teams_contact_are_found_by_its_id():
    client = signed_in(make_staff(models=[Opening]))
    theirs = opened_contact()
    for asked in (theirs.pk, f"0{theirs.pk}", f" {theirs.pk}", f"{theirs.pk}.0"):
        reply = client.get(page(Opening), {"contact__id__exact": asked}, follow=True)
        assert reply.status_code == 200
        assert theirs.email not in reply.text.replace("<wbr>", "")
    opening = Opening.objects.first()
    where = page(Opening, "change", opening.pk)
    assert client.get(where, {"contact__id__exact": theirs.pk}).status_code == 302
