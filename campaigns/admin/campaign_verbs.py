"""What can be done with a campaign, each on a page of its own that says what comes of it."""

from itertools import count
from typing import ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from accounts.models import Refusal
from campaigns.admin.contact_count import contact_count_text, with_contact_count
from campaigns.models import Campaign

NAME_LENGTH = Campaign._meta.get_field("name").max_length
BY_SOMEBODY_ELSE = "Nothing was done: somebody has done it already."
REMOVED = "Nothing was done: somebody has deleted it meanwhile."


class CampaignVerb:
    """One of them, for one request and one campaign. `pages` is the admin of campaigns."""

    name: str  # of its address, and of the template that asks
    label: str
    title: str
    form_class: type[forms.BaseForm] = forms.Form
    at_hand = False  # on the page itself; the others are in the menu beside it
    loses = False  # it takes something away, and is shown so
    title_of_several = ""  # none where it is done with one campaign at a time

    def __init__(self, pages: admin.ModelAdmin, request, campaign: Campaign):
        self.pages, self.request, self.campaign = pages, request, campaign

    @property
    def address(self) -> str:
        return reverse(f"admin:campaigns_campaign_{self.name}", args=[self.campaign.pk])

    @property
    def page(self) -> str:
        return self.pages.page_of(self.campaign.pk)

    @property
    def may(self) -> bool:
        return self.pages.has_change_permission(self.request, self.campaign)

    @property
    def offered(self) -> bool:
        """Whether there is anything for it to do."""
        return True

    def form(self, data=None) -> forms.BaseForm:
        return self.form_class(data)

    def context(self) -> dict:
        """What its page shows beside the form."""
        return {}

    def do(self, form):
        """Do it, and answer. It may meet a Refusal."""
        raise NotImplementedError

    def act(self):
        """What is done with each of several campaigns, without a form."""
        raise NotImplementedError

    @classmethod
    def consequences(cls, campaigns: list[Campaign]) -> dict[int, str]:
        """Campaign id → what becomes of it, in a few queries however many there are."""
        return {}

    def done(self, text: str, page: str = ""):
        self.pages.message_user(self.request, text, messages.SUCCESS)
        return HttpResponseRedirect(page or self.page)

    def note(self, text: str):
        """A line in the history of the campaign."""
        self.pages.log_change(self.request, self.campaign, text)


class Close(CampaignVerb):
    name, label, title = "close", "Close", "Close the campaign?"
    title_of_several = "Close these campaigns?"
    loses = True

    @property
    def offered(self):
        return not self.campaign.is_closed

    def context(self):
        return {"contacts": contact_count_text(with_contact_count(self.campaign.groups))}

    def act(self):
        self.campaign.close()
        self.note("Closed.")

    def do(self, form):
        self.act()
        return self.done("The campaign is closed: pixels answer, and nothing more is counted.")


class Reopen(CampaignVerb):
    name, label, title = "reopen", "Reopen", "Reopen the campaign?"
    title_of_several = "Reopen these campaigns?"

    @property
    def offered(self):
        return self.campaign.closed_at is not None

    def act(self):
        self.campaign.reopen()
        self.note("Reopened.")

    def do(self, form):
        self.act()
        is_off = self.campaign.tracking == Campaign.Tracking.OFF
        counts = "Its tracking is off." if is_off else "It counts again, from now on."
        return self.done(f"The campaign is open. {counts}")


class DuplicateForm(forms.ModelForm):
    class Meta:
        model = Campaign
        fields: ClassVar = ["name"]

    def clean_name(self):
        name = self.cleaned_data["name"]
        if Campaign.objects.filter(team=self.instance.team_id, name=name).exists():
            raise ValidationError("The team has a campaign of that name already.")
        return name


class Duplicate(CampaignVerb):
    name, label, title = "duplicate", "Duplicate", "Duplicate the campaign"

    @property
    def may(self):
        return super().may and self.pages.has_add_permission(self.request)

    def form(self, data=None):
        campaign = Campaign(team_id=self.campaign.team_id, name=name_of_copy(self.campaign))
        return DuplicateForm(data, instance=campaign)

    def context(self):
        return {"groups": self.campaign.groups.order_by("pk")}

    def do(self, form):
        copy = self.campaign.duplicate(form.cleaned_data["name"])
        self.pages.log_addition(self.request, copy, f"Duplicated from “{self.campaign}”.")
        text = f"This is “{copy}”, as “{self.campaign}” was set up. It has no contacts yet."
        return self.done(text, self.pages.page_of(copy.pk))


def name_of_copy(campaign: Campaign) -> str:
    """One that the team has not, most likely: “Autumn (copy)”, “Autumn (copy 2)” …"""
    start = campaign.name[: NAME_LENGTH - len(" (copy 999)")].rstrip()
    like_it = Campaign.objects.filter(team=campaign.team_id, name__istartswith=start)
    taken = {name.casefold() for name in like_it.values_list("name", flat=True)}
    names = (f"{start} (copy{f' {number}' if number > 1 else ''})" for number in count(1))
    return next(name for name in names if name.casefold() not in taken)


class CampaignVerbs(admin.ModelAdmin):
    """Their pages, and the links to them on the page of a campaign."""

    verbs: tuple[type[CampaignVerb], ...] = (Duplicate, Reopen, Close)

    def get_urls(self):
        view = self.admin_site.admin_view(self.verb_view)
        return [
            path(
                f"<int:campaign_id>/{verb.name}/",
                view,
                {"verb": verb},
                name=f"campaigns_campaign_{verb.name}",
            )
            for verb in self.verbs
        ] + super().get_urls()

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj:
            verbs = [verb(self, request, obj) for verb in self.verbs]
            context["verbs"] = [verb for verb in verbs if verb.may and verb.offered]
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def verb_view(self, request, campaign_id, verb):
        campaign = self.get_object(request, str(campaign_id))
        if campaign is None:
            raise Http404
        asked = verb(self, request, campaign)
        if not asked.may:
            raise PermissionDenied
        if request.method not in ("GET", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        if not asked.offered:
            return self.answer_with(request, BY_SOMEBODY_ELSE, asked.page)
        form = asked.form(request.POST if request.method == "POST" else None)
        if form.is_valid():
            return self.do(asked, form)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": verb.title,
            "campaign": campaign,
            "verb": asked,
            "form": form,
            **asked.context(),
        }
        return TemplateResponse(request, f"admin/campaigns/campaign/{verb.name}.html", context)

    def do(self, asked: CampaignVerb, form):
        try:
            with transaction.atomic():
                # Nobody deletes it from here on.
                Campaign.objects.select_for_update().get(pk=asked.campaign.pk)
                return asked.do(form)
        except Refusal as refusal:
            return self.answer_with(asked.request, refusal, asked.address)
        except IntegrityError:
            text = "Nothing was done: somebody was faster. Please try again."
            return self.answer_with(asked.request, text, asked.address)
        except ObjectDoesNotExist:
            campaigns = reverse("admin:campaigns_campaign_changelist")
            return self.answer_with(asked.request, REMOVED, campaigns)
