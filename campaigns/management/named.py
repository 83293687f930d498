"""Rows that somebody names in a shell, by id or name."""

from django.core.management.base import CommandError
from django.db.models import QuerySet

from campaigns.models import Campaign, Group

SHOWN = 10


def named_campaign(wanted: str) -> Campaign:
    """CommandError where it is not one campaign."""
    return named(wanted, Campaign.objects.all(), "campaign")


def named_group(wanted: str, campaign: Campaign) -> Group:
    """CommandError where the campaign has no such group."""
    return named(wanted, campaign.groups.all(), "group", f' in "{campaign}"')


def named(wanted: str, rows: QuerySet, kind: str, where=""):
    found = rows.filter(name=wanted)
    if wanted.isdecimal():
        found = found or rows.filter(pk=wanted)
    if not found:
        raise CommandError(f'There is no {kind} "{wanted}"{where}. {known_among(rows)}')
    if len(found) > 1:
        ids = ", ".join(str(row.pk) for row in found)
        raise CommandError(f'Several {kind}s are called "{wanted}". Give an id: {ids}.')
    return found[0]


def known_among(rows: QuerySet) -> str:
    """A sentence that names some that there are, the newest first."""
    some = list(rows.order_by("-pk")[: SHOWN + 1])
    names = [f'"{row.name}" (id {row.pk})' for row in some[:SHOWN]]
    if not names:
        return "There is none yet."
    return f"There is {', '.join(names)}{', …' * (len(some) > SHOWN)}."
