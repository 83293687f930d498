import secrets
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone

from tracking.models.opening import Opening

# The task that forgets runs twice an hour (settings.py), so that nothing is kept for 24 hours.
KEPT = timedelta(hours=23)
FORGOTTEN_AT_ONCE = 1_000


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def new_secret() -> bytes:
    return secrets.token_bytes(32)


class ReaderSaltQuerySet(models.QuerySet):
    def secrets_of(self, hours) -> dict[datetime, bytes]:
        """hour → secret, where there is one"""
        return {salt.hour: bytes(salt.secret) for salt in self.filter(hour__in=hours)}

    def make(self, hours):
        """Salts for hours that have none yet. Outside of any transaction, as each is a statement
        of its own: two consumers that need the same one can't deadlock."""
        for hour in sorted(hours):
            self.get_or_create(hour=hour, defaults={"secret": new_secret()})

    def forget(self):
        self.filter(hour__lte=timezone.now() - KEPT).delete()


class ReaderSalt(models.Model):
    """A random secret, which the hashes of one hour's anonymous readers are made with."""

    hour = models.DateTimeField(unique=True, help_text="When the hour of the openings begins.")
    secret = models.BinaryField(editable=False)

    objects = ReaderSaltQuerySet.as_manager()

    def __str__(self):
        return f"salt of {self.hour:%Y-%m-%d %H:%M}"


class AnonymousReaderQuerySet(models.QuerySet):
    def forget(self):
        """Delete what is too old, in short transactions."""
        old = self.filter(opened_at__lt=hour_of(timezone.now() - KEPT) + timedelta(hours=1))
        while some := list(old.order_by().values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE]):
            self.filter(pk__in=some).delete()


class AnonymousReader(models.Model):
    """What tells a refresh of an anonymous opening, for less than a day.

    Two hashes, keyed with the salt of the opening's hour (ReaderSalt): one of the pixel, one of
    the contact with the reader. Salts go first, then these rows, both within 24 hours of the
    opening. Without the salt nobody can tell any more, not even by trying them all, which
    contact, pixel or reader a hash was made of.
    """

    # By the event id, because MySQL's bulk inserts don't tell the ids that they give. An opening
    # may go before its reader does: the database doesn't mind, and such a row counts for nothing.
    opening = models.OneToOneField(
        Opening,
        models.DO_NOTHING,
        to_field="event_id",
        primary_key=True,
        db_constraint=False,
        related_name="anonymous_reader",
    )
    pixel = models.BigIntegerField(db_index=True)
    reader = models.BigIntegerField(db_index=True)
    opened_at = models.DateTimeField(db_index=True)

    objects = AnonymousReaderQuerySet.as_manager()

    def __str__(self):
        return f"anonymous reader of {self.opening_id}"


def forget_anonymous_readers():
    """Drop the salts and hashes that are due, the salts first: that alone ends what the hashes
    can tell."""
    with transaction.atomic():
        ReaderSalt.objects.forget()
    AnonymousReader.objects.forget()
