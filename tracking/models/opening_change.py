from datetime import UTC

from django.db import models

from campaigns.models import Group
from campaigns.models.scoped import GroupScopedQuerySet
from tracking.models.opening import Opening


def state_of(opening: Opening | None) -> dict | None:
    """What the log keeps of an opening. Nothing of its reader: also not the verdict's reason, which
    erasure takes from the opening."""
    if opening is None:
        return None
    opened_at = opening.opened_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return {
        "pixel": opening.pixel_id,
        "opened_at": opened_at,
        "verdict": opening.verdict,
    }


class OpeningChangeQuerySet(GroupScopedQuerySet):
    def note(self, by: str, changes: list[tuple[Opening | None, Opening | None]]):
        """Write down who made these openings what they are: (before, after) of each. In the
        transaction that changes them."""
        self.bulk_create(
            OpeningChange(
                event_id=(after or before).event_id,
                group_id=(after or before).group_id,
                action=OpeningChange.Action.of(before, after),
                by=by[: OpeningChange.BY_LENGTH],
                before=state_of(before),
                after=state_of(after),
            )
            for before, after in changes
        )


class OpeningChange(models.Model):
    """Somebody made, corrected or deleted an opening by hand or by program.

    It outlives the opening and its contact, and knows neither reader nor address; it goes with
    its group, or with an opening that retention deletes.
    """

    class Action(models.TextChoices):
        CREATED = "created"
        CORRECTED = "corrected"
        DELETED = "deleted"

        @classmethod
        def of(cls, before, after):
            if before is None:
                return cls.CREATED
            return cls.DELETED if after is None else cls.CORRECTED

    BY_LENGTH = 255

    event_id = models.UUIDField(db_index=True)  # not unique: an opening may change often
    group = models.ForeignKey(Group, models.CASCADE, related_name="opening_changes", db_index=False)
    action = models.CharField(max_length=9, choices=Action)
    # A text: whoever it was may be gone, and need not be a user.
    by = models.CharField(max_length=BY_LENGTH)
    at = models.DateTimeField(auto_now_add=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    objects = OpeningChangeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["group", "at"], name="opening_change_group_time")]

    def __str__(self):
        return f"opening {self.event_id} {self.action} by {self.by}"
