from collections.abc import Iterable

from django.db import models

from campaigns.models import Group

# Before all of them; see tracking/rebuild.py. Who begins with the contacts comes to the days.
CONTACTS, DAYS = "contacts/0/0", "days/0/0001-01-01"


class RebuildDueQuerySet(models.QuerySet):
    def ask(self, groups: Iterable[int], begin: str = DAYS):
        """Let the counts of these groups be rebuilt, in a transaction of the caller's that changes
        what they are made from. Nothing is asked twice before it was begun: whoever begins waits
        for that transaction, and sees what it has changed."""
        waiting = self.filter(place__in={begin, CONTACTS}).order_by("pk").select_for_update()
        known = set(waiting.values_list("group", flat=True))
        self.bulk_create(
            [RebuildDue(group_id=group, place=begin) for group in sorted(set(groups) - known)],
            batch_size=500,
        )


class RebuildDue(models.Model):
    """A group whose counts have to be made anew, because what they are made from has changed all
    at once: by an upgrade, or by better names of clients. The worker does it (`tracking/due.py`).
    """

    group = models.ForeignKey(Group, models.CASCADE, related_name="+")
    place = models.CharField(max_length=64, help_text="Up to where that is done.")

    objects = RebuildDueQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "rebuilds due"

    def __str__(self):
        return f"{self.group} from {self.place}"
