"""What can be done with several campaigns of the list at once: by the same verbs as on the page of
each, after a page that names them."""

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse

from accounts.models import Refusal
from campaigns.admin.campaign_verbs import CampaignVerb, CampaignVerbs
from campaigns.models import Campaign


class CampaignActions(CampaignVerbs):
    MOST_OF_THEM = 100  # the page names each

    def get_actions(self, request):
        actions = super().get_actions(request)
        if not self.has_change_permission(request) or "_popup" in request.GET:
            return actions
        verbs = [verb for verb in self.verbs if verb.title_of_several]
        return actions | {
            verb.name: (action_of(verb), verb.name, f"{verb.label} selected campaigns")
            for verb in verbs
        }

    def ask_or_act(self, request, campaigns, verb):
        found = list(campaigns.order_by("-pk")[: self.MOST_OF_THEM + 1])
        if len(found) > self.MOST_OF_THEM:
            limit = f"Select {self.MOST_OF_THEM} campaigns at most."
            return self.message_user(request, limit, messages.ERROR)
        asked = [verb(self, request, campaign) for campaign in found]
        possible = [each for each in asked if each.may and each.offered]
        if not possible:
            text = "Nothing was done: it is done already, or not for you to do."
            return self.message_user(request, text, messages.ERROR)
        if request.POST.get("post"):
            return self.act(request, possible, len(found))
        told = verb.consequences([each.campaign for each in possible])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": verb.title_of_several,
            "verb": possible[0],  # a template would call the class
            "campaigns": [(each.campaign, told.get(each.campaign.pk)) for each in possible],
            "left_alone": [each.campaign for each in asked if each not in possible],
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/campaigns/campaign/several.html", context)

    def act(self, request, verbs: list[CampaignVerb], selected: int):
        """Each in a transaction of its own: what has gone meanwhile is in nobody's way."""
        done = sum(map(act, verbs))
        label = verbs[0].label.lower()
        text = f"{label.capitalize()}: {done} of {selected} selected campaigns."
        self.message_user(request, text, messages.SUCCESS if done else messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


def action_of(verb: type[CampaignVerb]):
    def action(pages: admin.ModelAdmin, request, campaigns):
        return pages.ask_or_act(request, campaigns, verb)

    return action


def act(verb: CampaignVerb) -> bool:
    """Whether it was done."""
    try:
        with transaction.atomic():
            verb.campaign = Campaign.objects.select_for_update().get(pk=verb.campaign.pk)
            if not verb.offered:
                return False
            verb.act()
    except (ObjectDoesNotExist, Refusal):
        return False
    return True
