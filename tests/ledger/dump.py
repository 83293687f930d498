"""Runs inside Django (`manage.py shell`): what the ledger needs of the database, as JSON."""

import json
from uuid import UUID

from accounts.models import Team
from campaigns.models import Campaign, Contact, Pixel
from campaigns.models.schedule import ContactRow
from tracking.models import (
    CellVisitor,
    ContactOpenings,
    Opening,
    OpeningCount,
    Page,
    PageView,
    QuarantinedHit,
    ViewCell,
    Visitor,
)


def prepare(path: str, contacts: int, pixels: int):
    """A campaign with many contacts in two groups; writes its pixels to `path`."""
    campaign = Campaign.objects.start(
        team=Team.objects.create(name="Ledger"),
        name="Ledger",
        group_names=("A", "B"),
        pixels_per_contact=pixels,
    )
    groups = list(campaign.groups.order_by("pk"))
    Contact.objects.schedule_many(
        [
            ContactRow(groups[number % 2], f"contact-{number}@example.com")
            for number in range(contacts)
        ]
    )
    rows = [
        {"id": pixel.pk, "uuid": pixel.uuid.hex, "url": pixel.url}
        for pixel in Pixel.objects.order_by("pk")
    ]
    write(path, rows)


def dump(path: str):
    """All openings and page views of this database, and what is counted of them."""
    openings = Opening.objects.order_by("pk").values_list(
        "event_id",
        "pixel_id",
        "contact_id",
        "group_id",
        "user_agent__text",
        "network_label",
        "opened_at",
        "begins_mail_open",
        "verdict",
    )
    counts = OpeningCount.objects.values_list(
        "group_id", "quarter", "verdict", *OpeningCount.MEASURES
    )
    contacts = ContactOpenings.objects.values_list(
        "contact_id", "openings", "mail_opens", "first_at", "last_at", "first_verified_at"
    )
    write(
        path,
        {
            "openings": list(openings),
            "counts": list(counts),
            "contacts": list(contacts),
            "quarantined": list(QuarantinedHit.objects.values_list("event_id", flat=True)),
            **dump_views(),
        },
    )


def dump_views() -> dict:
    """Pages and visitors by their names; no name stands for all pages."""
    pages = dict(Page.objects.values_list("pk", "page_id"))
    users = dict(Visitor.objects.values_list("pk", "user_id"))
    views = PageView.objects.order_by("pk").values_list(
        "event_id", "page", "visitor", "viewed_at", "referrer"
    )
    cells = ViewCell.objects.values_list("page", "hour", "views", "visitors")
    seen = CellVisitor.objects.values_list("page", "hour", "visitor")
    return {
        "views": [(event, pages[page], users[user], *more) for event, page, user, *more in views],
        "cells": [(pages.get(page, ""), *more) for page, *more in cells],
        "seen": [(pages.get(page, ""), hour, users[visitor]) for page, hour, visitor in seen],
    }


def encode(value):
    """Times as milliseconds, ids as hexadecimal."""
    return value.hex if isinstance(value, UUID) else round(value.timestamp() * 1000)


def write(path, content):
    with open(path, "w") as file:
        json.dump(content, file, default=encode)
