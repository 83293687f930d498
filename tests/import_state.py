"""Runs inside Django (`manage.py shell`): all that an import of a ContactList has left."""

from campaigns.models import Contact, ContactImport, Pixel
from tests.contact_list import PIXELS, address_of

FIGURES = ("state", "rows", "created", "updated", "unchanged", "rejected")


def state_of(job_id: int, bad: list[int]) -> dict:
    """Its figures; how many contacts and pixels there are; which of its rows are `wrong` (a good
    one that isn't there once, a bad one that is there); the lines that it reports."""
    job = ContactImport.objects.get(pk=job_id)
    groups = list(job.campaign.groups.values_list("pk", flat=True))
    contacts = Contact.objects.filter(group__in=groups)
    pixels = Pixel.objects.filter(contact__group__in=groups)
    return {name: getattr(job, name) for name in FIGURES} | {
        "contacts": contacts.count(),
        "pixels": [pixels.filter(number=number).count() for number in range(1, PIXELS + 1)],
        "wrong": wrong_rows(contacts, job.rows, set(bad)),
        "reported": list(
            job.reported_rows.filter(rejected=True).order_by("line").values_list("line", flat=True)
        ),
    }


def wrong_rows(contacts, rows: int, bad: set[int]) -> list:
    times, before_number, after = bytearray(rows + 1), *address_of(0).split("0")
    strangers = []
    for key in contacts.values_list("email_key", flat=True).iterator():
        number = key.removeprefix(before_number).removesuffix(after)
        if number.isdecimal() and 0 < int(number) <= rows:
            times[int(number)] += 1
        else:
            strangers.append(key)
    wrong = (row for row in range(1, rows + 1) if times[row] != (row not in bad))
    return [*strangers, *wrong][:20]
