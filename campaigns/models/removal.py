from django.db import models
from django.db.models import F
from django.utils import timezone

from accounts.models import Team
from campaigns.models.leased import Leased, LeasedQuerySet


class InSight(models.Manager):
    """Rows that are not being removed. The others are out of sight wherever people look."""

    def get_queryset(self):
        return super().get_queryset().filter(removal=None)


class Removable(models.Model):
    """A row that a removal puts out of sight. No `save()` reaches it from then on: of a row that
    was read before, it would bring all back, with the name that is free for another by then.
    DoesNotExist says so, also where the removal has ended."""

    class Meta:
        abstract = True

    def _do_update(self, base_qs, *args, **kwargs):
        # Every save() of a stored row comes by here with its UPDATE, and would insert the row
        # anew where that finds none. Django has no public place between the two.
        updated = super()._do_update(base_qs.filter(removal=None), *args, **kwargs)
        if not updated and not self._state.adding:
            raise self.DoesNotExist(f"The {self._meta.verbose_name} was removed meanwhile.")
        return updated


class RemovalQuerySet(LeasedQuerySet):
    def of(self, user) -> "RemovalQuerySet":
        return self if user.is_superuser else self.filter(team__in=Team.objects.of(user))


class Removal(Leased):
    """A campaign or group on its way out, with all that it holds.

    It is out of sight from the moment it was asked for. What it holds is deleted in small steps
    by whichever worker holds the lease (campaigns/removal_steps.py). States: `waiting` (nobody
    has begun), `running` (begun; perhaps resting between two steps), `done`.
    """

    class Kind(models.TextChoices):
        CAMPAIGN = "campaign"
        GROUP = "group"

    class State(models.TextChoices):
        WAITING = Leased.WAITING
        RUNNING = Leased.RUNNING
        DONE = "done"

    # It only tells of the past, so it goes with its team. What it is still to remove keeps the
    # team from going (see Campaign.team).
    team = models.ForeignKey(Team, models.CASCADE, related_name="removals")
    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=403, help_text="What the campaign or group was called.")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    requested_by = models.CharField(max_length=200, blank=True, help_text="Who asked for it.")
    requested_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    contacts_total = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="How many there are to remove; empty until counted."
    )
    contacts_removed = models.PositiveBigIntegerField(default=0)
    openings_total = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="How many there are to remove; empty until counted."
    )
    openings_removed = models.PositiveBigIntegerField(default=0)

    objects = RemovalQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "leased_until"], name="removal_due")]

    def __str__(self):
        return f"removal of {self.name}"

    @property
    def percent(self) -> int:
        """How much of it is gone: 100 only when all is done."""
        if self.state == self.State.DONE:
            return 100
        total = (self.contacts_total or 0) + (self.openings_total or 0)
        removed = self.contacts_removed + self.openings_removed
        return min(99, 100 * removed // total) if total else 0

    def expect(self, contacts: int, openings: int):
        """Note how much there is to remove."""
        self._mine.update(contacts_total=contacts, openings_total=openings)

    def advance(self, contacts: int = 0, openings: int = 0):
        """Note what was removed, in the transaction that removed it."""
        self._mine.update(
            contacts_removed=F("contacts_removed") + contacts,
            openings_removed=F("openings_removed") + openings,
        )

    def finish(self):
        self._mine.update(state=self.State.DONE, finished_at=timezone.now())
