import msgpack
from django.db import models

from tracking.page_views.hit import ViewHit

READ_AT_ONCE = 500


class QuarantinedHitQuerySet(models.QuerySet):
    def put(self, event_id: bytes, packed: bytes, error: Exception):
        """Keep a hit that can't be recorded, with the reason; safe to repeat."""
        self.get_or_create(
            event_id=event_id.hex()[:64], defaults={"packed": packed, "reason": reason_of(error)}
        )

    def forget_visitor(self, user_id: str):
        """Delete the page views of that visitor. Of what can't be unpacked nobody knows whose it
        is: it stays."""
        last = 0
        while found := self._some_after(last):
            own = [pk for pk, packed in found if user_of(bytes(packed)) == user_id]
            self.filter(pk__in=own).delete()
            last, _ = found[-1]

    def _some_after(self, last: int) -> list[tuple[int, bytes]]:
        rows = self.filter(pk__gt=last).order_by("pk").values_list("pk", "packed")
        return list(rows[:READ_AT_ONCE])


def user_of(packed: bytes) -> str | None:
    """The user_id in a packed page view, also in one that is torn; None where there is none."""
    try:
        version, _, user_id, *_ = msgpack.unpackb(packed)
    except Exception:  # whatever garbage can do to the unpacking
        return None
    return user_id if version == ViewHit.FORMAT and isinstance(user_id, str) else None


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
