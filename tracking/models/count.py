from django.db import models

from accounts.models import Team
from campaigns.models import Group
from tracking.models.opening import Verdict


class OpeningCountQuerySet(models.QuerySet):
    def of(self, user) -> "OpeningCountQuerySet":
        return self.filter(group__campaign__team__in=Team.objects.of(user))


class OpeningCount(models.Model):
    """Openings of a group in a quarter of an hour, by verdict; written with the openings."""

    MEASURES = ("openings", "mail_opens", "first_openings", "first_verified")

    # The openings of a group leave before it (Group.remove()), so nothing is left to count.
    group = models.ForeignKey(Group, models.CASCADE, related_name="counts", db_index=False)
    quarter = models.DateTimeField(help_text="When the quarter of an hour begins.")
    verdict = models.CharField(max_length=7, choices=Verdict)
    openings = models.IntegerField(default=0)
    mail_opens = models.IntegerField(default=0)
    first_openings = models.IntegerField(default=0, help_text="Contacts opened for the first time.")
    first_verified = models.IntegerField(
        default=0, help_text="Contacts opened by a person, or on behalf of one, for the first time."
    )

    objects = OpeningCountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "quarter", "verdict"], name="one_count_per_group_quarter_verdict"
            )
        ]

    def __str__(self):
        return f"{self.group} {self.quarter:%Y-%m-%d %H:%M} {self.verdict}"
