from django.db import models


class QuarantinedHitQuerySet(models.QuerySet):
    def put(self, event_id: bytes, packed: bytes, error: Exception):
        """Keep a hit that can't be recorded, with the reason; safe to repeat."""
        self.get_or_create(
            event_id=event_id.hex()[:64], defaults={"packed": packed, "reason": reason_of(error)}
        )


def reason_of(error: Exception) -> str:
    """The kind of error only: its text might repeat what the hit holds."""
    return type(error).__name__


class QuarantinedHit(models.Model):
    """A hit that could not be recorded, kept as it came until somebody replays it."""

    event_id = models.CharField(max_length=64, unique=True, help_text="Hexadecimal.")
    packed = models.BinaryField(editable=False)
    reason = models.CharField(max_length=64)
    quarantined_at = models.DateTimeField(auto_now_add=True)

    objects = QuarantinedHitQuerySet.as_manager()

    def __str__(self):
        return f"hit {self.event_id}"

    def refused(self, error: Exception):
        """It was tried again in vain."""
        self.reason = reason_of(error)
        self.save(update_fields=["reason"])

    @property
    def event(self) -> bytes:
        """The event id as it came; ValueError where it is none."""
        return bytes.fromhex(self.event_id)
