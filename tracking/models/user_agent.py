from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q

from accounts.retry import retry_transaction
from campaigns.models.adding import make_missing
from campaigns.models.uuid_text import AsText, uuid_bytes
from tracking.client_names import NAMES, names_of
from tracking.names_version import names_version

DESCRIBED = ("text", *NAMES, "described_by")
REMEMBERED = 4_096  # texts: people share a few hundred
DESCRIBED_AT_ONCE = 200  # with their locks, for a few hundredths of a second
ATTACHED_AT_ONCE = 500  # SQLite takes fewer than 1,000 in one condition


class KnownUserAgents(NamedTuple):
    ids: dict[str, int]  # by the text; a new one has a negative id of its own until it is stored
    names: dict[int, tuple[str, ...]]  # by the id, without those of new ones


class UserAgentQuerySet(models.QuerySet):
    def known(self, texts: Iterable[str]) -> "KnownUserAgents":
        """What is known of these texts of at most 512 characters."""
        wanted = {user_agent_fingerprint(text): text for text in texts}
        rows = self.filter(fingerprint__among=wanted).values_list(
            AsText("fingerprint"), "pk", *NAMES
        )
        ids, names = {}, {}
        for fingerprint, pk, *called in rows:
            ids[wanted[uuid_bytes(fingerprint)]] = pk
            names[pk] = tuple(called)
        for position, text in enumerate(wanted.values(), 1):
            ids.setdefault(text, -position)
        return KnownUserAgents(ids, names)

    def store(self, texts: Iterable[str]) -> "KnownUserAgents":
        """What is known of these; stored are those that are not there yet.

        Inside the transaction that needs them, which waits for others that store the same. In the
        order of their keys, so that none of them waits for another in turn.
        """
        wanted = {user_agent_fingerprint(text): text for text in texts}
        rows = [
            (fingerprint, *describe_user_agent(wanted[fingerprint]).values())
            for fingerprint in sorted(wanted)
        ]
        make_missing(self.model, ["fingerprint"], DESCRIBED, rows)
        return self.known(wanted.values())

    def outdated(self) -> "UserAgentQuerySet":
        """Those described by other data than today's. In two halves, which an index has."""
        version = names_version()
        return self.filter(Q(described_by__lt=version) | Q(described_by__gt=version))

    def describe_anew(self, before_names_change: Callable[[], None]) -> int:
        """Describe some of those that are outdated; how many, 0 where none was left. What is
        given is called in the same transaction, where any of their names has changed."""
        rows = list(self.outdated()[:DESCRIBED_AT_ONCE])
        before = [row.names for row in rows]
        for row in rows:
            for name, value in describe_user_agent(row.text).items():
                setattr(row, name, value)
        changed = before != [row.names for row in rows]
        self._store_anew(rows, before_names_change if changed else None)
        return len(rows)

    @retry_transaction
    @transaction.atomic
    def _store_anew(self, rows, before_names_change):
        if before_names_change:
            before_names_change()
        self.bulk_update(rows, [*NAMES, "described_by"])

    def attach_to(self, openings):
        """Give each of these openings its User-Agent, by as few queries as there are portions.

        Not by Django's prefetch, which asks for all at once by a chain of ORs: SQLite refuses
        that of a page with a thousand User-Agents. Not by a join: MySQL would begin with it.
        """
        ids = sorted({opening.user_agent_id for opening in openings} - {None})
        found = {}
        for start in range(0, len(ids), ATTACHED_AT_ONCE):
            found |= self.in_bulk(ids[start : start + ATTACHED_AT_ONCE])
        for opening in openings:
            if opening.user_agent_id in found:
                opening.user_agent = found[opening.user_agent_id]


@lru_cache(REMEMBERED)
def user_agent_fingerprint(text: str) -> bytes:
    # With a version's bits in place: MariaDB refuses a UUID without.
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest(), version=5).bytes


def describe_user_agent(text: str) -> dict:
    """The fields DESCRIBED of a new UserAgent."""
    return {"text": text, **names_of(text), "described_by": names_version()}


class UserAgent(models.Model):
    """A distinct User-Agent; openings refer to it, so that its text is stored once."""

    text = models.CharField(max_length=512)
    fingerprint = models.UUIDField(unique=True, editable=False)
    client = models.CharField(max_length=64, blank=True)
    os = models.CharField("operating system", max_length=64, blank=True)
    device = models.CharField(max_length=64, blank=True)
    described_by = models.CharField(
        max_length=16,
        default="",
        db_default="",
        db_index=True,
        editable=False,
        help_text="By which version of the names' data.",
    )

    objects = UserAgentQuerySet.as_manager()

    def __str__(self):
        return self.text or "(none)"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(getattr(self, name) for name in NAMES)
