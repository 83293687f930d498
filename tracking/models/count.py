"""What is counted of openings, written with them: by quarter of an hour, and by what they have in
common. Each table has an archive beside it, for openings that retention deleted."""

from collections.abc import Iterable
from datetime import date
from secrets import randbits

from django.db import models

from campaigns.fields import ExactField
from campaigns.models import Group
from campaigns.models.adding import add_to, put_in
from campaigns.models.scoped import GroupScopedQuerySet
from tracking.models.tally import MEASURES, Tally, day_of
from tracking.models.verdict import Verdict

STAMP_BITS = 63


class CountedDayQuerySet(models.QuerySet):
    def lock(self, days: Iterable[tuple[int, date]]):
        """Nobody else changes what is counted of these (group id, day)s before the transaction
        ends."""
        add_to(self.model, self.model.KEY, (), sorted(days))

    def change(self, days: Iterable[tuple[int, date]]):
        """The same, and what is counted of them is being changed: so it is told by a new stamp."""
        stamp = randbits(STAMP_BITS)
        put_in(self.model, self.model.KEY, ("stamp",), [(*day, stamp) for day in sorted(days)])


class CountedDay(models.Model):
    """A group's day of which something is counted, so that it can be locked. Days are those of
    UTC.

    Whoever knows what was counted under a stamp knows it as long as the stamp is there: it is
    drawn by lot for each transaction that changes these counts, so that none comes again, neither
    after a rollback nor with a backup. 0 says nothing.
    """

    KEY = ("group", "day")

    group = models.ForeignKey(Group, models.CASCADE, related_name="counted_days", db_index=False)
    day = models.DateField()
    stamp = models.BigIntegerField(default=0, db_default=0)
    # By the task that looks for drift.
    looked_at = models.DateTimeField(null=True)
    drift = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="The sum of all differences that were found then."
    )

    objects = CountedDayQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "day"], name="one_counted_day")]
        indexes = [
            models.Index(fields=["looked_at"], name="day_looked_at"),
            models.Index(fields=["drift"], name="day_drift"),
        ]

    def __str__(self):
        return f"{self.group} {self.day}"


class CountQuerySet(GroupScopedQuerySet):
    def tuples(self) -> models.QuerySet:
        """(values of the key, a number per measure)"""
        return self.values_list(*self.model.KEY, *MEASURES)

    def add(self, tally: Tally):
        """Bring these counts and their breakdown up to date, as the last step of the transaction
        that changes openings. `tracking/rebuild.py` relies on this, and on the lock."""
        quarters, days = (sums.rows() for sums in tally.sums())
        by_quarter = {(group_id, day_of(quarter)) for group_id, quarter, *_ in quarters}
        CountedDay.objects.change(by_quarter | {(group_id, day) for group_id, day, *_ in days})
        add_to(self.model, self.model.KEY, MEASURES, quarters)
        add_to(self.model.breakdown, self.model.breakdown.KEY, MEASURES, days)


class Count(models.Model):
    MEASURES = MEASURES

    verdict = models.CharField(max_length=7, choices=Verdict)
    openings = models.IntegerField(default=0)
    mail_opens = models.IntegerField(default=0)
    first_openings = models.IntegerField(default=0, help_text="Contacts opened for the first time.")
    first_verified = models.IntegerField(
        default=0, help_text="Contacts opened by a person, or on behalf of one, for the first time."
    )

    objects = CountQuerySet.as_manager()

    class Meta:
        abstract = True


class QuarterCount(Count):
    """Openings of a group in a quarter of an hour, by verdict."""

    KEY = ("group", "quarter", "verdict")

    quarter = models.DateTimeField(help_text="When the quarter of an hour begins.")

    class Meta:
        abstract = True

    def __str__(self):
        return f"{self.group} {self.quarter:%Y-%m-%d %H:%M} {self.verdict}"


class Breakdown(Count):
    """Openings of a group on a day (UTC) that have something in common, by verdict."""

    class Dimension(models.TextChoices):
        CLIENT = "client"
        OS = "os", "operating system"
        DEVICE = "device"
        REASON = "reason", "reason of the verdict"
        PIXEL = "pixel", "number of the pixel"
        # Of first openings only:
        DELAY = "delay", "time to open: the second at which its bucket begins"
        RENDERED = "rendered", "how much of a mail with several pixels: top, part, complete"

    KEY = ("group", "day", "dimension", "value", "verdict")

    day = models.DateField()
    dimension = models.CharField(max_length=8, choices=Dimension)
    value = ExactField(max_length=64, blank=True, help_text="Empty where it is not known.")

    class Meta:
        abstract = True

    def __str__(self):
        return f"{self.group} {self.day} {self.dimension} {self.value} {self.verdict}"


class OpeningBreakdown(Breakdown):
    """All that was counted, as in OpeningCount."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="breakdowns", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=Breakdown.KEY, name="one_breakdown_per_day_and_value")
        ]


class OpeningCount(QuarterCount):
    """All that was counted, written with the openings. Retention leaves these alone."""

    breakdown = OpeningBreakdown

    # The openings of a group leave before it (Group.remove()), so nothing is left to count.
    group = models.ForeignKey(Group, models.CASCADE, related_name="counts", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=QuarterCount.KEY, name="one_count_per_group_quarter_verdict"
            )
        ]
