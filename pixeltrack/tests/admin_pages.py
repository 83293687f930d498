"""Every address of the admin, found by looking, each with the row of a team that it would name."""

import re
from dataclasses import dataclass

from django.contrib import admin
from django.contrib.auth.models import Group as PermissionGroup
from django.contrib.contenttypes.models import ContentType
from django.forms.models import ModelChoiceField
from django.urls import URLResolver

from accounts.models import IdempotentRequest, User
from campaigns.models import Campaign, ContactImport, ReportedRow
from pixeltrack.tests.world import CANARY, World
from tracking.models import (
    ArchivedBreakdown,
    ArchivedOpeningCount,
    CampaignDecision,
    ContactOpenings,
    ErasedVisitor,
    Opening,
    OpeningBreakdown,
    OpeningCount,
    Page,
    QuarantinedHit,
    UserAgent,
    Visitor,
)

# What belongs to no team, and why whoever of the staff has the permission may see it all.
OF_NO_TEAM = {
    PermissionGroup: "names sets of permissions",
    UserAgent: "what programs say of themselves",
    Page: "pages belong to the site",
    Visitor: "visitors of pages, too",
    ErasedVisitor: "hashes only",
    QuarantinedHit: "for superusers",
    IdempotentRequest: "for superusers, digests only",
}


@dataclass(frozen=True)
class Address:
    name: str  # as reverse() knows it
    route: str  # below /admin/, with <…> for what it takes
    model: type | None

    def __str__(self):
        return self.route

    @property
    def names_a_row(self) -> bool:
        return "<" in self.route

    def filled(self, row) -> str:
        return "/admin/" + re.sub("<[^>]+>", str(row.pk), filled_otherwise(self.route))


def filled_otherwise(route: str) -> str:
    """What stands for something else than the row."""
    route = route.replace("<slug:name>", "groups")
    content_type = ContentType.objects.get_for_model(Campaign).pk if "content_type" in route else 0
    return route.replace("<path:content_type_id>", str(content_type))


def addresses() -> list[Address]:
    return list(walked(admin.site.get_urls(), ""))


def walked(patterns, before: str):
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walked(pattern.url_patterns, route)
        elif pattern.name and not route.endswith("$"):  # what leads on to another; lists of apps
            yield Address(pattern.name, route, model_of(route))


def model_of(route: str) -> type | None:
    start = tuple(route.split("/")[:2])
    return {
        (model._meta.app_label, model._meta.model_name): model for model in admin.site._registry
    }.get(start)


def rows_of(world: World) -> dict[type, object]:
    """A row of the team for each list of the admin that is not in OF_NO_TEAM."""
    rows = {type(row): row for row in world.rows.values()}
    opening = rows[Opening]
    group, moment = opening.group, opening.opened_at
    ArchivedOpeningCount.objects.create(group=group, quarter=moment, verdict="human")
    ArchivedBreakdown.objects.create(
        group=group, day=moment, dimension="client", value=CANARY, verdict="human"
    )
    counts = (OpeningCount, OpeningBreakdown, ArchivedOpeningCount, ArchivedBreakdown)
    return (
        rows
        | {model: model.objects.filter(group=group).first() for model in counts}
        | {
            User: world.rows["memberships"].user,
            ContactOpenings: ContactOpenings.objects.get(contact=opening.contact),
            CampaignDecision: world.campaign.decisions.get(),
            ReportedRow: ReportedRow.objects.filter(contact_import=rows[ContactImport]).first(),
        }
    )


def choices_of(form) -> dict[str, ModelChoiceField]:
    """The fields in which a row is chosen."""
    fields = form.base_fields.items()
    return {name: field for name, field in fields if isinstance(field, ModelChoiceField)}
