"""A person is forgotten; what was counted stays counted."""

import signal
from datetime import UTC, datetime, timedelta
from importlib import import_module
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core import serializers
from django.db.models import Sum

from accounts.models import Membership
from accounts.tests.people import assert_problem, client_of, make_member, make_user
from accounts.tests.staff import admin_client, inline, make_staff, page, signed_in
from campaigns.models import Campaign, Contact, ErasedAddress, Pixel
from campaigns.tests.house import House
from tracking import spool, stream
from tracking.consume import Consumer
from tracking.hit import Hit
from tracking.models import ContactOpenings, Opening, OpeningBreakdown, OpeningCount, UserAgent
from tracking.record import Decision, record
from tracking.retention import forget_openings_before
from tracking.spool import SpoolWriter
from tracking.tests.opened import GMAIL, PERSON, open_pixel
from tracking.tests.recounted import assert_counts_hold

__all__ = ["admin_client"]  # a fixture
pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = "ada.fairweather@example.com"


@pytest.fixture
def house():
    """Ada has opened both pixels of her mail in the one group, and one in the other."""
    house = House()
    ada = {"email": ADA, "name": "Ada Fairweather", "external_id": "CRM-7"}
    house.ada = house.add_contact(**ada)
    house.ada_too = house.add_contact(house.other_group, **ada)
    for pixel in house.ada.pixels.all():
        open_pixel(pixel, NOON)
    open_pixel(house.ada_too.pixels.first(), NOON, GMAIL)
    open_pixel(house.pixel, NOON)
    return house


def address(contact) -> str:
    return f"/api/contacts/{contact.pk}/"


def erase(house, contact=None, client=None):
    return (client or house.client).post(f"{address(contact or house.ada)}erase/")


def figures(house) -> dict:
    found = house.client.get(f"/api/campaigns/{house.campaign.pk}/statistics/").json()
    del found["as_of"]
    for part in (found, *found["groups"]):  # who read it, and why it was thought so, is forgotten
        for name in ("clients", "systems", "reasons"):
            del part[name]
    return found


def a_hit(pixel, minutes=0) -> Hit:
    at = round((NOON + timedelta(minutes=minutes)).timestamp() * 1000)
    return Hit(uuid4().bytes, pixel.uuid.bytes, at, user_agent=PERSON, network="203.0.113.0/24")


def everything_in(*models) -> str:
    return "".join(serializers.serialize("json", model.objects.all()) for model in models)


def test_the_person_is_forgotten_in_the_whole_team(house):
    response = erase(house)
    assert response.status_code == 200
    erased = response.json()
    assert erased["email"] == f"erased-{house.ada.pk}@erased.invalid"
    assert (erased["name"], erased["external_id"]) == ("", "")
    assert erased["erased_at"]
    assert house.client.get(address(house.ada)).json().keys() == erased.keys()
    assert house.client.get(address(house.ada_too)).json()["erased_at"]
    stored = everything_in(Contact, Pixel, Opening, ContactOpenings, ErasedAddress)
    for trace in ("ada.", "Fairweather", "fairweather", "CRM-7"):
        assert trace not in stored


def test_openings_stay_without_their_readers(house):
    record([a_hit(house.ada.pixels.first(), minutes=90)])
    Opening.objects.update(network_label="google", referer="mail.google.com", prefetch=True)
    erase(house)
    for opening in Opening.objects.filter(contact__in=[house.ada, house.ada_too]):
        assert opening.user_agent is None
        told = (opening.network, opening.network_label, opening.referer, opening.prefetch)
        assert told == ("", "", "", False)
        assert opening.reason == "erased"
    kept = Opening.objects.get(contact=house.contact)
    assert kept.user_agent.text == PERSON
    assert (kept.network, kept.network_label) == ("203.0.113.0/24", "google")


def test_no_figure_moves(house):
    before, counted = figures(house), everything_in(OpeningCount)
    assert before["openings"]["total"] == 4
    erase(house)
    assert figures(house) == before
    assert everything_in(OpeningCount) == counted


def test_they_count_among_those_whose_reader_is_not_known(house):
    assert "" not in by_value("client")
    erase(house)
    assert by_value("client") == {"Thunderbird": 1, "": 2}
    assert by_value("reason")["erased"] == 2
    assert_counts_hold()


def test_of_archived_openings_the_reader_was_forgotten_before(house):
    list(forget_openings_before(NOON + timedelta(days=1)))
    clients = by_value("client")
    for row in ContactOpenings.objects.all():
        assert (row.first_user_agent, row.first_verified_reason) == (None, "")
    erase(house)
    house.ada.remove()
    assert by_value("client") == clients
    assert sum(by_value("delay").values()) == 2
    assert_counts_hold()


def by_value(dimension) -> dict:
    """How many contacts were opened first so."""
    rows = OpeningBreakdown.objects.filter(dimension=dimension).values_list("value")
    return {value: number for value, number in rows.annotate(Sum("first_openings")) if number}


def test_the_openings_are_listed_and_filtered_without_a_reader(house, admin_client):
    erase(house)
    found = house.client.get("/api/openings/", {"contact": house.ada.pk}).json()["results"]
    assert len(found) == 2
    for opening in found:
        assert {opening[name] for name in ("user_agent", "client", "os", "device")} == {None}
        assert house.client.get(f"/api/openings/{opening['id']}/").json() == opening
    by_client = house.client.get("/api/openings/", {"client": "Thunderbird"}).json()["results"]
    assert [opening["contact"] for opening in by_client] == [house.contact.pk]
    assert "erased" in admin_client.get(page(Opening)).text
    opening = Opening.objects.filter(contact=house.ada).first()
    assert admin_client.get(page(Opening, "change", opening.pk)).status_code == 200


def test_later_hits_of_an_erased_person_are_answered_and_not_recorded(house):
    erase(house)
    before, texts = figures(house), UserAgent.objects.count()
    hits = [a_hit(pixel, minutes) for pixel in house.ada.pixels.all() for minutes in (-90, 0, 90)]
    hits.append(Hit(uuid4().bytes, hits[0].pixel, hits[0].at, user_agent="a rare one"))
    assert {each.decision for each in record(hits)} == {Decision.ERASED}
    assert figures(house) == before
    assert UserAgent.objects.count() == texts
    url = house.ada.pixels.first().url
    gone = Pixel(contact=house.ada, number=9)  # of no contact any more
    assert house.client.get(url).content == house.client.get(gone.url).content


def test_hits_that_waited_meanwhile_are_not_recorded(house, redis_client):
    waiting = a_hit(house.ada.pixels.first(), 90)
    stream.append([waiting, a_hit(house.pixel, 90)])
    writer = SpoolWriter()
    writer.write([a_hit(house.ada.pixels.first(), 180), a_hit(house.pixel, 180)])
    writer.close()
    erase(house)
    before = Opening.objects.filter(contact=house.ada).count()
    consumer = Consumer("one")
    while consumer.step() or list(spool.waiting_files()):
        pass
    consumer.close()
    assert Opening.objects.filter(contact=house.ada).count() == before
    assert Opening.objects.filter(contact=house.contact).count() == 3
    assert not redis_client.exists(stream.filter_key(waiting))  # nothing counted


def test_erasing_twice_answers_the_same(house):
    first = erase(house).json()
    second = erase(house).json()
    for answer in (first, second):  # an address looks different each time it is shown
        for pixel in answer["pixels"]:
            del pixel["url"], pixel["html"]
    assert second == first
    assert erase(house, house.ada_too).json()["erased_at"]
    assert ErasedAddress.objects.count() == 1


def test_an_erasure_that_broke_off_is_finished_by_the_next(house, monkeypatch):
    forget = Contact.forget_person
    monkeypatch.setattr(Contact, "forget_person", lambda self: 1 / 0)
    assert erase(house).status_code == 500
    house.ada.refresh_from_db()
    assert (house.ada.email, house.ada.erased_at) == (ADA, None)
    assert Opening.objects.filter(user_agent=None).count() == 0  # in one transaction
    monkeypatch.setattr(Contact, "forget_person", forget)
    assert erase(house).status_code == 200
    assert Contact.objects.not_erased().get() == house.contact


def test_whoever_is_on_a_list_that_is_being_removed_is_forgotten_there_too(house):
    going = Campaign.objects.start(team=house.team, name="Going")
    there = Contact.objects.schedule(group=going.groups.get(), email=ADA, name="Ada")
    open_pixel(there.pixels.get(), NOON)
    going.remove()
    Contact.objects.erase_person(house.team.pk, ADA)
    there.refresh_from_db()
    assert (there.erased_at is not None, there.name) == (True, "")
    assert Opening.objects.get(contact=there).user_agent is None


def test_an_erasure_ends_where_its_contact_is_being_removed_by_then(house):
    def no_end(signal_number, frame):
        raise TimeoutError("the erasure doesn't end")

    house.campaign.remove()
    previous = signal.signal(signal.SIGALRM, no_end)
    signal.alarm(20)
    try:
        house.ada.erase()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    assert house.ada.erased_at


@pytest.mark.parametrize("role", [Membership.Role.VIEWER, Membership.Role.EDITOR])
def test_only_managers_erase(house, role):
    response = erase(house, client=client_of(make_member(house.team, role)))
    assert_problem(response, 403, "permission_denied")
    assert not Contact.objects.exclude(erased_at=None).exists()
    manager = client_of(make_member(house.team, Membership.Role.MANAGER))
    assert erase(house, client=manager).status_code == 200


def test_the_contact_of_another_team_does_not_exist(house):
    assert_problem(erase(house, client=client_of(make_user())), 404, "not_found")
    assert not ErasedAddress.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch"])
def test_an_erased_contact_is_not_filled_again(house, method):
    erase(house)
    body = {"group": house.group.pk, "email": "new@example.com", "name": "Ada"}
    response = getattr(house.client, method)(address(house.ada), body)
    assert_problem(response, 409, "erased")
    assert Contact.objects.get(pk=house.ada.pk).name == ""


def test_erased_contacts_are_listed_apart(house):
    erase(house)

    def listed(**query):
        found = house.client.get("/api/contacts/", query).json()["results"]
        return {contact["id"] for contact in found}

    gone = {house.ada.pk, house.ada_too.pk}
    assert listed(erased="true") == gone
    assert listed(erased="false") == {house.contact.pk}
    assert listed() == {*gone, house.contact.pk}
    assert listed(email=ADA) == listed(search="ada") == listed(external_id="CRM-7") == set()


def test_an_erased_contact_can_be_deleted_and_the_counts_follow(house):
    erase(house)
    assert house.client.delete(address(house.ada)).status_code == 204
    assert figures(house)["openings"]["total"] == 2
    assert_problem(erase(house), 404, "not_found")


def test_deleting_a_contact_removes_the_person_and_remembers_nothing(house):
    assert house.client.delete(address(house.ada)).status_code == 204
    assert figures(house)["openings"]["total"] == 2
    assert not ErasedAddress.objects.exists()
    body = {"group": house.group.pk, "email": ADA}
    assert house.client.post("/api/contacts/", body).status_code == 201


def test_the_cost_does_not_grow_with_the_openings(house, django_assert_max_num_queries):
    for minutes in range(90, 900, 90):
        record([a_hit(pixel, minutes) for pixel in house.ada.pixels.all()])
    with django_assert_max_num_queries(30):
        assert erase(house).status_code == 200


# -- In the admin ----------------------------------------------------------------------------------


def erase_page(contact):
    return page(Contact, "erase", contact.pk)


def test_the_admin_asks_before_it_erases(house, admin_client):
    change = page(Contact, "change", house.ada.pk)
    assert erase_page(house.ada) in admin_client.get(change).text
    asks = admin_client.get(erase_page(house.ada)).text
    assert "in 2 contacts of the team" in asks
    assert Contact.objects.filter(email_key=ADA).count() == 2
    reply = admin_client.post(erase_page(house.ada), follow=True)
    assert "The person is erased" in reply.text
    assert "@erased.invalid" in reply.text
    assert 'name="email"' not in reply.text  # nothing to change
    assert erase_page(house.ada) not in reply.text
    assert not Contact.objects.filter(email_key=ADA).exists()
    assert "This person was erased on" in admin_client.get(erase_page(house.ada)).text


def test_whoever_may_not_delete_contacts_may_not_erase_them(house):
    anna = make_staff("anna", house.team, [Contact], actions=("view", "change"))
    assert (
        erase_page(house.ada) not in signed_in(anna).get(page(Contact, "change", house.ada.pk)).text
    )
    for method in ("get", "post"):
        assert getattr(signed_in(anna), method)(erase_page(house.ada)).status_code == 403
    stranger = signed_in(make_staff("eve", models=[Contact]))
    assert stranger.post(erase_page(house.ada)).status_code == 404
    assert not ErasedAddress.objects.exists()


def test_the_history_names_nobody(house, admin_client):
    data = {"group": house.group.pk, "email": ADA.replace("ada", "eve")}
    data |= {"scheduled_at_0": "2026-03-01", "scheduled_at_1": "08:00:00"}
    admin_client.post(page(Contact, "add"), data)
    added = Contact.objects.get(email_key=data["email"])
    changed = inline("pixels", **data, name="Eve")
    assert admin_client.post(page(Contact, "change", added.pk), changed).status_code == 302
    admin_client.post(page(Pixel, "add"), {"contact": added.pk, "number": 7})
    admin_client.post(page(Pixel, "delete", added.pixels.get(number=7).pk), {"post": "yes"})
    admin_client.post(page(Contact, "delete", added.pk), {"post": "yes"})
    admin_client.post(erase_page(house.ada))
    entries = LogEntry.objects.order_by("pk")
    assert [entry.object_repr.split()[0] for entry in entries] == [
        *("contact", "contact", "pixel", "pixel", "contact", "contact")
    ]
    for entry in entries:
        assert "@" not in f"{entry.object_repr}{entry.change_message}"
        assert entry.object_repr == f"{entry.content_type.model} {entry.object_id}"
    assert entries.last().get_change_message() == "Erased."


def test_a_history_from_before_forgets_whom_it_named(house, admin_client):
    user = house.user
    for row in (house.ada, house.pixel, house.campaign):
        LogEntry.objects.log_actions(user.pk, [row], 2, "Changed.", single_object=True)
    migration = import_module("campaigns.migrations.0002_erasure")
    migration.forget_addresses_in_history(apps, None)
    assert [*LogEntry.objects.order_by("pk").values_list("object_repr", flat=True)] == [
        f"contact {house.ada.pk}",
        f"pixel {house.pixel.pk}",
        Campaign.objects.get().name,
    ]
