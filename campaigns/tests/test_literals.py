"""What is written into statements, rather than given as parameters, is the same to the database."""

from datetime import UTC, datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Contact, Pixel
from campaigns.models.insert import insert_rows
from campaigns.tests.factories import make_contact

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 1, 12, 30, 59, 999999, tzinfo=UTC)
NAMES = ("group", "email", "email_key", "name", "external_id", "scheduled_at", "sent_at")
NAMES += ("extra", "created_at")
HOSTILE = ["%s", "'); DROP TABLE x; --", "\\", "100 % \\' \"", "NULL", "☃ é"]


def test_rows_are_stored_as_they_are():
    group = make_contact().group
    rows = []
    for number, text in enumerate(HOSTILE):
        address, sent_at = f"{number}@example.com", (None, MOMENT)[number % 2]
        texts = address, address, text, str(number)
        rows.append((group.pk, *texts, MOMENT, sent_at, {text: 1}, MOMENT))
    insert_rows(Contact, NAMES, rows)
    stored = Contact.objects.filter(email__in=[row[1] for row in rows]).order_by("pk")
    assert list(stored.values_list(*NAMES)) == rows


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Asia/Kolkata")])
@pytest.mark.parametrize("microsecond", [0, 1, 999999])
def test_a_moment_is_found_as_django_writes_it(zone, microsecond):
    contact = make_contact()
    moment = MOMENT.replace(microsecond=microsecond).astimezone(zone)
    texts = "a@example.com", "a@example.com", "", ""
    rows = [(contact.group_id, *texts, moment, None, {}, MOMENT)]
    insert_rows(Contact, NAMES, rows)
    assert Contact.objects.get(scheduled_at=moment).email == "a@example.com"
    assert not Contact.objects.filter(scheduled_at__lt=moment, email="a@example.com").exists()


def test_a_column_may_have_texts_and_others():
    contact, uuid = make_contact(), uuid4()
    rows = [(contact.pk, 2, uuid.hex), (contact.pk, 3, uuid4())]
    insert_rows(Pixel, ("contact", "number", "uuid"), rows)
    assert contact.pixels.get(number=2).uuid == uuid
    assert contact.pixels.get(number=3).uuid == rows[1][2]


HARMLESS = ["", "a", "A", "0", "1e5", "NULL", "0x41", "DEFAULT", "127.0.0.0/24", "2001:db8::/48"]
HARMLESS += ["--", "/**/", "a@example.com", "a+b_c"]


@pytest.mark.parametrize("alike", [True, False])
def test_harmless_texts_are_stored_as_they_are(alike):
    group = make_contact().group
    texts = HARMLESS if not alike else ["--"] * 3
    rows = []
    for number, text in enumerate(texts):
        address = f"{number}@example.com"
        rows.append((group.pk, address, address, text, "", MOMENT, None, {}, MOMENT))
    with CaptureQueriesContext(connection) as captured:
        insert_rows(Contact, NAMES, rows)
    assert "'--'" in captured[0]["sql"]
    stored = Contact.objects.filter(email__in=[row[1] for row in rows]).order_by("pk")
    assert list(stored.values_list(*NAMES)) == rows


@pytest.mark.parametrize("alike", [True, False])
def test_rows_are_stored_whose_texts_are_alike_and_hostile(alike):
    group = make_contact().group
    rows = []
    for number, text in enumerate(["'); --"] * 3 if alike else HOSTILE):
        address = f"{number}@example.com"
        rows.append((group.pk, address, address, text, "", MOMENT, MOMENT, {}, MOMENT))
    insert_rows(Contact, NAMES, rows)
    stored = Contact.objects.filter(email__in=[row[1] for row in rows]).order_by("pk")
    assert list(stored.values_list(*NAMES)) == rows


def test_a_uuid_may_be_given_as_its_bytes():
    contact, one, other = make_contact(), uuid4(), uuid4()
    insert_rows(
        Pixel,
        ("contact", "number", "uuid"),
        [(contact.pk, 2, one.bytes), (contact.pk, 3, other.bytes)],
    )
    assert [contact.pixels.get(number=number).uuid for number in (2, 3)] == [one, other]


def test_nothing_of_a_text_is_written_into_the_statement():
    contact = make_contact()
    with CaptureQueriesContext(connection) as captured:
        list(Pixel.objects.filter(uuid__among=[UUID(int=5)]))
        with pytest.raises(TypeError, match="ids or UUIDs"):
            list(Pixel.objects.filter(uuid__among=["1) OR (1=1"]))
        with pytest.raises(TypeError, match="ids or UUIDs"):
            list(Contact.objects.filter(pk__among=[contact.pk, "1) OR (1=1"]))
    assert len(captured) == 1


def test_among_finds_what_in_finds():
    contacts = [make_contact(pixels=2) for _ in range(5)]
    own = {contact.pk for contact in contacts[:3]}
    uuids = set(Pixel.objects.filter(contact__in=own).values_list("uuid", flat=True))
    assert set(Pixel.objects.filter(contact__among=own).values_list("uuid", flat=True)) == uuids
    assert set(Pixel.objects.filter(uuid__among=uuids).values_list("uuid", flat=True)) == uuids
    told = {uuid.bytes for uuid in uuids}
    assert set(Pixel.objects.filter(uuid__among=told).values_list("uuid", flat=True)) == uuids
    assert set(Contact.objects.filter(pk__among=own).values_list("pk", flat=True)) == own
    assert set(Contact.objects.exclude(pk__among=own)).isdisjoint(contacts[:3])
    assert not Contact.objects.filter(pk__among=[]).exists()
    assert Contact.objects.exclude(pk__among=[]).count() == 5
