"""The page of a contact: what is known of its openings."""

from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import Sum
from django.utils.formats import date_format

from campaigns import admin as pages
from campaigns.models import Campaign, Contact
from tracking.models import ContactOpenings, Opening, OpeningChange
from tracking.panels.campaign import Tile
from tracking.panels.timeline import Timeline
from tracking.panels.words import UNKNOWN, number, times

admin.site.unregister(Contact)


def is_anonymous(campaign) -> bool:
    return campaign.tracking == Campaign.Tracking.ANONYMOUS


@admin.register(Contact)
class ContactAdmin(pages.ContactAdmin):
    list_display = [*pages.ContactAdmin.list_display, "mail_opens", "last_opened"]
    list_select_related = [*pages.ContactAdmin.list_select_related, "opened"]

    @admin.display(description="mail opens")
    def mail_opens(self, contact):
        known = getattr(contact, "opened", None)
        if known is None:
            return None if is_anonymous(contact.group.campaign) else 0
        return known.mail_opens

    @admin.display(description="last opened")
    def last_opened(self, contact):
        known = getattr(contact, "opened", None)
        return known and known.last_at

    def losses(self, rows):
        known = ContactOpenings.objects.filter(contact__in=rows)
        openings = known.aggregate(number=Sum("openings"))["number"] or 0
        return super().losses(rows) | {"openings": openings}

    # -- What happened -----------------------------------------------------------------------------
    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj:
            context |= self.shown(request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def shown(self, request, contact: Contact) -> dict:
        known = getattr(contact, "opened", None)
        shown = {"tiles": tiles(contact, known)}
        # A timeline is for those who may see openings.
        if self.may_see(request, Opening):
            shown["timeline"] = Timeline(contact, known, self.may_see(request, OpeningChange))
        return shown

    def may_see(self, request, model) -> bool:
        return self.admin_site.get_model_admin(model).has_view_permission(request)


def tiles(contact: Contact, known: ContactOpenings | None) -> list[Tile]:
    if known is None:
        return []
    zone = ZoneInfo(contact.group.campaign.time_zone)

    def told(moment):
        return date_format(moment.astimezone(zone), "Y-m-d H:i") if moment else UNKNOWN

    verdict = known.first_verified_verdict
    return [
        Tile("mail opens", number(known.mail_opens), times(known.openings, "opening")),
        Tile("first opened", told(known.first_at), f"{known.first_verdict}, {zone} time"),
        Tile(
            "first verified",
            told(known.first_verified_at),
            f"{verdict}, {zone} time" if verdict else "not yet",
        ),
        Tile("last opened", told(known.last_at), f"{zone} time"),
    ]
