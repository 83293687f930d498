from collections import Counter, defaultdict
from datetime import datetime, timedelta

from django.db import models

from campaigns.models import Group
from campaigns.models.adding import add_to
from campaigns.models.scoped import GroupScopedQuerySet
from tracking.models.verdict import Verdict

QUARTER = timedelta(minutes=15)
MEASURES = ("openings", "mail_opens", "first_openings", "first_verified")


def quarter_of(moment: datetime) -> datetime:
    """When the quarter of an hour that holds the moment begins."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


class Tally(defaultdict):
    """What is to be added to the counts: (group id, quarter, verdict) → {measure: difference}."""

    def __init__(self):
        super().__init__(Counter)

    def note(self, group_id: int, moment: datetime, verdict: str, **measures: int):
        self[group_id, quarter_of(moment), verdict].update(measures)

    def rows(self) -> list[tuple]:
        """(group id, quarter, verdict, a difference per measure), sorted, without empty ones.

        Sorted, because two consumers that lock rows in different orders deadlock.
        """
        return [
            (*key, *(self[key][measure] for measure in MEASURES))
            for key in sorted(self)
            if any(self[key].values())
        ]


class OpeningCountQuerySet(GroupScopedQuerySet):
    def add(self, tally: Tally):
        """Bring the counts up to date, in the transaction of the openings that changed."""
        add_to(self.model, ("group", "quarter", "verdict"), MEASURES, tally.rows())


class Count(models.Model):
    """Openings of a group in a quarter of an hour, by verdict."""

    MEASURES = MEASURES

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
        abstract = True

    def __str__(self):
        return f"{self.group} {self.quarter:%Y-%m-%d %H:%M} {self.verdict}"


class OpeningCount(Count):
    """All that was counted, written with the openings. Retention leaves these alone."""

    # The openings of a group leave before it (Group.remove()), so nothing is left to count.
    group = models.ForeignKey(Group, models.CASCADE, related_name="counts", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "quarter", "verdict"], name="one_count_per_group_quarter_verdict"
            )
        ]
