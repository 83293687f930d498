from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from campaigns.fields import NameField
from campaigns.models import Campaign, Group


class CampaignDecisionQuerySet(models.QuerySet):
    def of(self, user) -> "CampaignDecisionQuerySet":
        return self.filter(campaign__in=Campaign.objects.of(user))

    def note(
        self, by: str, campaign: Campaign, group: Group, figures: dict, remark: str = ""
    ) -> "CampaignDecision":
        """Write down who chose the group, and on what. What was decided before stays."""
        return self.create(
            campaign=campaign,
            group=group,
            group_name=group.name,
            by=by[: CampaignDecision.BY_LENGTH],
            figures=figures,
            remark=remark,
        )


class CampaignDecision(models.Model):
    """Somebody chose the group of a campaign that has won. Nobody changes or deletes it, and the
    latest one holds. It goes with its campaign, and outlives its group."""

    BY_LENGTH = REMARK_LENGTH = 255

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="decisions")
    group = models.ForeignKey(Group, models.SET_NULL, null=True, related_name="+")
    group_name = NameField(help_text="When it was chosen.")
    at = models.DateTimeField(auto_now_add=True)
    # A text: whoever it was may be gone, and need not be a user.
    by = models.CharField(max_length=BY_LENGTH)
    remark = models.CharField(max_length=REMARK_LENGTH, blank=True)
    figures = models.JSONField(encoder=DjangoJSONEncoder, help_text="On which it was chosen.")

    objects = CampaignDecisionQuerySet.as_manager()

    def __str__(self):
        return f"{self.campaign}: {self.group_name}"
