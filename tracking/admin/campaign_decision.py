"""Which group has won: the page on which somebody chooses it, and what was chosen so far."""

from django import forms
from django.contrib import admin
from django.utils import timezone

from accounts.scoped_admin import BigTableAdmin, ReadOnlyAdmin
from campaigns.admin.campaign_verbs import CampaignVerb
from campaigns.admin.lists import OwnCampaignFilter
from campaigns.models import Campaign, Group
from tracking.campaign_decision_serializers import figures_of
from tracking.models import CampaignDecision
from tracking.panels.campaign import CampaignPanel
from tracking.panels.side import Side
from tracking.statistics import statistics_of


@admin.register(CampaignDecision)
class CampaignDecisionAdmin(ReadOnlyAdmin, BigTableAdmin):
    """Which group somebody chose, and on what figures."""

    list_display = ["at", "campaign", "group_name", "by", "remark"]
    list_select_related = ["campaign"]
    list_filter = [OwnCampaignFilter]


class DecisionForm(forms.Form):
    group = forms.ModelChoiceField(
        Group.objects.none(),
        label="The group that has won",
        empty_label=None,
        widget=forms.RadioSelect,
    )
    remark = forms.CharField(
        max_length=CampaignDecision.REMARK_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="Why, for those who read it later.",
    )

    def __init__(self, campaign: Campaign, data=None):
        super().__init__(data)
        group = self.fields["group"]
        group.queryset = campaign.groups.order_by("pk")
        group.label_from_instance = name_of


def name_of(group: Group) -> str:
    return f"{group.name} (control)" if group.is_control else group.name


class Decide(CampaignVerb):
    name, label, title = "decide", "Decide", "Decide the winner"
    at_hand = True

    def form(self, data=None):
        return DecisionForm(self.campaign, data)

    def context(self):
        panel = CampaignPanel(self.campaign, Side.of(self.request), timezone.now())
        return {
            "panel": panel,
            "figure": panel.figure("groups"),
            "sure": any(sentence.kind == "sure" for sentence in panel.sentences),
        }

    def do(self, form):
        by = self.request.user.get_username()
        decision = CampaignDecision.objects.note(
            by, self.campaign, figures=figures_of(statistics_of(self.campaign)), **form.cleaned_data
        )
        self.note(f"Decided: {decision.group_name}.")
        return self.done(
            f"“{decision.group_name}” is noted as the winner. Nothing else has changed."
        )
