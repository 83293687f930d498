"""Work in the background that one worker does at a time, and another goes on with if it dies.

The table decides whose turn it is. What tells a worker to look (Celery, its beat) is a hint only:
two that look at once, or a task that is delivered again, are harmless.
"""

from datetime import timedelta
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

# A worker that was killed is missed after so long, and another one goes on.
LEASE = timedelta(seconds=30)


def new_lease() -> dict:
    """What makes a row somebody's from now on: field → value."""
    return {
        "holder": uuid4(),
        "leased_until": timezone.now() + LEASE,
        "state": Leased.RUNNING,
    }


class LeasedQuerySet(models.QuerySet):
    def due(self) -> "LeasedQuerySet":
        """Those to work at that nobody holds, whichever has rested longest first."""
        held = Q(leased_until__gt=timezone.now())
        unfinished = self.filter(state__in=[Leased.WAITING, Leased.RUNNING])
        return unfinished.exclude(held).order_by("leased_until", "pk")

    def claim(self) -> "Leased | None":
        """One that is due, and from now on the caller's; None where there is none.

        Of two workers that try, the update finds the row as it was read for one of them only.
        """
        for row in self.due()[:10]:
            as_read = self.filter(pk=row.pk, state=row.state, holder=row.holder)
            as_read = as_read.filter(leased_until=row.leased_until)
            if as_read.update(**new_lease()):
                row.refresh_from_db()
                return row
        return None


class Leased(models.Model):
    """Subclasses have a `state`, of which `waiting` (nobody has begun) and `running` (begun;
    perhaps resting, or its worker dead) are still to be worked at."""

    WAITING, RUNNING = "waiting", "running"

    holder = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def _mine(self) -> LeasedQuerySet:
        return type(self).objects.filter(pk=self.pk, holder=self.holder, state=self.RUNNING)

    def hold(self, **found) -> bool:
        """Keep the lease; False where it was lost, or the row is not `found` so any more. First
        in the transaction of each step: it locks the row, so that nobody takes the lease over
        before the step has ended."""
        return bool(self._mine.filter(**found).update(leased_until=timezone.now() + LEASE))

    def release(self):
        """Give the lease back, if it is still held."""
        self._mine.update(leased_until=timezone.now())
