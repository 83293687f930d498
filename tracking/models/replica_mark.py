from datetime import datetime

from django.db import models

ONLY = 1


class ReplicaMarkQuerySet(models.QuerySet):
    def put(self, at: datetime):
        """What is committed before this is in every replica that has the mark: they take over one
        transaction after the other."""
        if not self.filter(pk=ONLY).update(at=at):
            self.get_or_create(pk=ONLY, defaults={"at": at})

    def told(self) -> datetime | None:
        return self.filter(pk=ONLY).values_list("at", flat=True).first()


class ReplicaMark(models.Model):
    """When the primary was marked last; see `tracking/replica.py`. There is one row."""

    at = models.DateTimeField()

    objects = ReplicaMarkQuerySet.as_manager()

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M:%S} UTC"
