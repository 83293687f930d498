from collections import defaultdict
from collections.abc import Iterable

from django.db import models

from campaigns.models.adding import add_to
from campaigns.models.campaign import Campaign, Group


class CampaignTurnQuerySet(models.QuerySet):
    def take(self, campaigns: Iterable[int]) -> list[list[int]]:
        """Wait for the turn of these campaigns, and have it until the transaction ends. The ids
        of all groups of each of the campaigns, those that are being removed too.

        What others have stored in them, in turns before this one, is seen from here on.
        """
        self._take(sorted(campaigns))
        # After the wait: there may be new ones.
        groups = Group.everything.filter(campaign__in=campaigns).order_by()
        by_campaign = defaultdict(list)
        for campaign, group in groups.values_list("campaign", "pk"):
            by_campaign[campaign].append(group)
        return list(by_campaign.values())

    def _take(self, campaigns: list[int]):
        add_to(self.model, ("campaign",), ("taken",), [(campaign, 1) for campaign in campaigns])


class CampaignTurn(models.Model):
    """Whoever changes contacts of a campaign takes its turn, as the last thing before they commit.

    Two that add one address to two groups at the same time don't see each other's contact; but
    the second to have the turn sees what the first has stored. What they add up to counts is in
    order as well. Nobody who has the turn waits for locks of contacts, groups or campaigns that
    others may hold while they wait for the turn; that is why it is no lock of the campaign's row,
    which people lock who save it, and why it refers to it without a constraint.
    """

    campaign = models.OneToOneField(
        Campaign, models.CASCADE, primary_key=True, db_constraint=False, related_name="turn"
    )
    taken = models.PositiveBigIntegerField(default=0, help_text="So many times.")

    objects = CampaignTurnQuerySet.as_manager()

    def __str__(self):
        return f"turn of campaign {self.campaign_id}"
