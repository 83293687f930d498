"""The figures on the page of a campaign, which keep themselves up to date."""

import json
from datetime import datetime
from hashlib import blake2b
from time import monotonic

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Sum
from django.http import Http404
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response

from campaigns.api.file import begun, disposition
from campaigns.models import Campaign, Contact, ScheduledCount
from campaigns.streaming import Stream
from campaigns.table import Csv, file_name
from tracking.models import CountedDay, Opening
from tracking.panels.campaign import CampaignPanel
from tracking.panels.figure import FigureTable
from tracking.panels.shared import SharedPage, SharedPages
from tracking.panels.side import Side, chosen
from tracking.panels.timeline import Event

LATEST = 20
LIVE = "admin/campaigns/campaign/live.html"
live_pages = SharedPages()


class CampaignPanelPages(admin.ModelAdmin):
    def get_urls(self):
        view, at = self.admin_site.admin_view, "campaigns_campaign"
        return [
            path("<int:campaign_id>/live/", view(self.live_view), name=f"{at}_live"),
            path(
                "<int:campaign_id>/figures/<slug:name>.csv", view(self.file_view), name=f"{at}_file"
            ),
            *super().get_urls(),
        ]

    def change_view(self, request, object_id, *args, **kwargs):
        return chosen(request) or super().change_view(request, object_id, *args, **kwargs)

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj:
            context |= self.shown(request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def shown(self, request, campaign: Campaign) -> dict:
        now, side = timezone.now(), Side.of(request)
        return {
            "live_address": reverse("admin:campaigns_campaign_live", args=[campaign.pk]),
            # Before the figures: what is counted in between has another one.
            "live_tag": tag_of(campaign, side, now, self.may_see_openings(request)),
            "panel": CampaignPanel(campaign, side, now),
            "sides": list(Side),
            "latest": self.latest(request, campaign),
            "may_import": self.may_import(request),
        }

    def live_view(self, request, campaign_id):
        """The figures alone, or 304 where they are as whoever asks knows them."""
        campaign = self.found(request, campaign_id)
        may = self.may_see_openings(request), self.may_import(request)
        with live_pages.of((campaign_id, Side.of(request), *may)) as page:
            shared = page.newer_than(request.headers.get("If-None-Match"))
            return shared or self.made_for(request, campaign, page)

    def made_for(self, request, campaign: Campaign, page: SharedPage):
        begun, now = monotonic(), timezone.now()
        tag = tag_of(campaign, Side.of(request), now, self.may_see_openings(request))
        if unchanged := tag and get_conditional_response(request, etag=tag):
            return unchanged
        context = self.shown(request, campaign) | {"original": campaign}
        reply = render(request, LIVE, context)
        if tag:
            reply["ETag"] = tag
            page.keep(reply, begun)
        return reply

    def file_view(self, request, campaign_id, name):
        campaign = self.found(request, campaign_id)
        figure = CampaignPanel(campaign, Side.of(request), timezone.now()).figure(name)
        if figure is None:
            raise Http404
        names = [campaign.name, figure.name, Side.of(request)]
        return Stream(
            begun(Csv(FigureTable(figure), bom=True).parts()),  # by which Excel knows UTF-8
            content_type=f"{Csv.media_type}; charset=utf-8",
            headers={"Content-Disposition": disposition(file_name(names, Csv.suffix))},
        )

    def found(self, request, campaign_id: int) -> Campaign:
        campaign = self.get_object(request, str(campaign_id))
        if campaign is None:
            raise Http404
        if not self.has_view_or_change_permission(request, campaign):
            raise PermissionDenied
        return campaign

    # -- Latest openings ---------------------------------------------------------------------------
    def may_see_openings(self, request) -> bool:
        return all(self.may_see(request, model) for model in (Opening, Contact))

    def may_see(self, request, model) -> bool:
        return self.admin_site.get_model_admin(model).has_view_permission(request)

    def latest(self, request, campaign: Campaign) -> list[Event] | None:
        """None for those who may not see who opened."""
        if not self.may_see_openings(request):
            return None
        groups = campaign.groups.values_list("pk", flat=True)
        rows = Opening.objects.in_groups(groups).order_by("-pk")
        rows = rows.prefetch_related("contact", "group", "user_agent").between(0, LATEST)
        return [Event(opening.opened_at, opening=opening) for opening in rows]


def tag_of(campaign: Campaign, side: Side, now: datetime, whole: bool) -> str | None:
    """Another one whenever the figures may be others: by the stamps of what is counted (see
    CountedDay), and by the minute, as contacts become due. None where nothing says so. In five
    queries. `whole`: with the latest openings."""
    groups = list(campaign.groups.order_by("pk").values_list("pk", "name", "is_control"))
    ids = [pk for pk, *_ in groups]
    days = CountedDay.objects.filter(group__in=ids).order_by("group", "day")
    stamps = [
        [group, str(day), stamp] for group, day, stamp in days.values_list("group", "day", "stamp")
    ]
    if not all(stamp for *_, stamp in stamps):
        return None
    scheduled = ScheduledCount.objects.filter(group__in=ids).order_by()
    contacts = scheduled.aggregate(days=Count("day"), contacts=Sum("contacts"))
    decided = campaign.decisions.order_by("-pk").values_list("pk", flat=True).first()
    own = [campaign.name, campaign.time_zone, campaign.tracking, str(campaign.closed_at)]
    known = [own, side, whole, f"{now:%Y-%m-%d %H:%M}", groups, stamps, contacts, decided]
    known += [campaign.pixels_per_contact]
    return f'"{blake2b(json.dumps(known).encode(), digest_size=16).hexdigest()}"'
