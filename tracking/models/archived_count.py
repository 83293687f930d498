from django.db import models

from campaigns.models import Group
from tracking.models.count import Breakdown, QuarterCount


class ArchivedBreakdown(Breakdown):
    """The part of OpeningBreakdown whose openings retention has deleted."""

    group = models.ForeignKey(
        Group, models.CASCADE, related_name="archived_breakdowns", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=Breakdown.KEY, name="one_archived_per_day_and_value")
        ]


class ArchivedOpeningCount(QuarterCount):
    """The part of the counts whose openings retention has deleted.

    For each group, quarter and verdict: kept (OpeningCount) = archived + what the openings that
    are left would be counted as. So it is with the breakdowns. See `tracking/retention.py`.
    """

    breakdown = ArchivedBreakdown

    # Nobody's any more; it goes with the group, as the kept counts do.
    group = models.ForeignKey(Group, models.CASCADE, related_name="archived_counts", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=QuarterCount.KEY, name="one_archived_per_quarter_verdict"
            )
        ]


class ArchivedUntil(models.Model):
    """Up to which moment retention has deleted openings of a group. Nobody can tell any more which
    they were, so none of that time is taken in again, however long openings are kept by now."""

    group = models.OneToOneField(Group, models.CASCADE, primary_key=True, related_name="+")
    moment = models.DateTimeField()

    def __str__(self):
        return f"archive of {self.group} until {self.moment}"


class ArchivedAnonymously(models.Model):
    """A group of which retention has deleted anonymous openings: they are counted without anybody
    knowing who opened, so its campaign does not become individual any more."""

    group = models.OneToOneField(Group, models.CASCADE, primary_key=True, related_name="+")

    def __str__(self):
        return f"anonymous archive of {self.group}"
