"""Imports taken in as a worker would, for tests."""

import json

from django.core.files.base import ContentFile

from campaigns import import_steps
from campaigns.models import Campaign, Contact, ContactImport


def send(campaign: Campaign, content, **options) -> ContactImport:
    """An import that waits: of a text, bytes, or a list of rows."""
    if isinstance(content, list):
        content = json.dumps(content)
    if isinstance(content, str):
        content = content.encode()
    file = ContentFile(content, options.pop("name", "people.csv"))
    return ContactImport.objects.receive(file=file, campaign=campaign, **options)


def take_in(campaign: Campaign, content, **options) -> ContactImport:
    """The same, after a worker has been at it."""
    job = send(campaign, content, **options)
    import_steps.work()
    job.refresh_from_db()
    return job


def table(*rows: str) -> str:
    return "".join(f"{row}\n" for row in rows)


def reported(job: ContactImport, rejected=True) -> list[tuple]:
    """(line, code, column, value) of each row that it reports."""
    rows = job.reported_rows.filter(rejected=rejected).order_by("line", "pk")
    return list(rows.values_list("line", "code", "column", "value"))


def figures(job: ContactImport) -> dict:
    job.refresh_from_db()
    names = ("rows", "created", "updated", "unchanged", "rejected", "noted")
    return {name: getattr(job, name) for name in names if getattr(job, name)}


def contacts_of(campaign: Campaign) -> dict[tuple, list[int]]:
    """(group, address) → the numbers of the pixels."""
    found = {}
    for contact in Contact.objects.filter(group__campaign=campaign).prefetch_related("pixels"):
        numbers = sorted(pixel.number for pixel in contact.pixels.all())
        found[contact.group.name, contact.email] = numbers
    return found
