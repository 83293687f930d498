"""Page views: pages and visitors by their names, the views, and what is counted of them.

Counts are kept in cells: one for all pages and one per page, each for all time and for each hour.
A view counts in four of them, and its visitor once in each, however often they come: that is what
`CellVisitor` remembers. Figures are therefore exact and cost one row to read.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connections, models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.retry import retry_transaction
from campaigns.models.adding import add_to, make_missing
from campaigns.models.insert import insert_rows
from tracking.models.quarantine import QuarantinedHit

NAME_LENGTH = 255
ALL_PAGES = 0  # in place of a page's id
ALL_TIME = 0  # in place of an hour
HOUR_S = 3600
ASKED_AT_ONCE = 200  # conditions in one statement; SQLite takes fewer than 1,000


def fingerprint(name: str) -> UUID:
    """By what a name is found: byte by byte, whatever the database thinks of letters."""
    # With a version's bits in place: MariaDB refuses a UUID without.
    return UUID(bytes=blake2b(name.encode(), digest_size=16).digest(), version=5)


def hour_of(moment: datetime) -> int:
    """Hours since 1970, UTC."""
    return int(moment.timestamp()) // HOUR_S


def begin_of(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * HOUR_S, UTC)


def last_hours(number: int) -> range:
    """So many hours, the last of which is the present one, which isn't over yet."""
    now = hour_of(timezone.now())
    return range(now - number + 1, now + 1)


class NamedQuerySet(models.QuerySet):
    """Rows that are found by the fingerprint of a name, which is in the field `NAME`."""

    def known(self, names: Iterable[str]) -> dict[str, int]:
        """name → id, of those that are there."""
        wanted = {fingerprint(name): name for name in names}
        found = self.filter(fingerprint__in=wanted).values_list("fingerprint", "pk")
        return {wanted[key]: pk for key, pk in found}

    def make(self, names: Iterable[str]) -> dict[str, int]:
        """name → id, of rows that are made where somebody else didn't before.

        Outside of any transaction and in order, so that two consumers can't deadlock.
        """
        self._make(sorted((fingerprint(name), name) for name in names))
        return self.known(names)

    @retry_transaction
    @transaction.atomic
    def _make(self, rows: list[tuple[UUID, str]]):
        make_missing(self.model, ["fingerprint"], [self.model.NAME], rows)


class Page(models.Model):
    NAME = "page_id"

    page_id = models.CharField("page", max_length=NAME_LENGTH)
    fingerprint = models.UUIDField(unique=True, editable=False)

    objects = NamedQuerySet.as_manager()

    def __str__(self):
        return self.page_id


class VisitorQuerySet(NamedQuerySet):
    def ids_of(self, user_ids: Iterable[str]) -> dict[str, int | None]:
        """user_id → the id of the visitor; None for one who has asked to be forgotten."""
        wanted = set(user_ids)
        found = self.known(wanted)
        new = wanted - found.keys()
        if not new:
            return found
        erased = ErasedVisitor.objects.among(new)
        made = self.make(new - erased)
        # Asked again now that they are made: whoever is erased at this moment is found here, or by
        # `erase`. They stay: another consumer may have counted them already.
        too_late = ErasedVisitor.objects.among(made)
        for user_id in too_late:
            self.forget(made[user_id])
        # Nor is one found who was erased between the two questions of `make`.
        return dict.fromkeys(wanted) | found | made | dict.fromkeys(too_late)

    def erased_among(self, ids: Iterable[int]) -> set[int]:
        return set(self.filter(pk__in=ids, erased_at__isnull=False).values_list("pk", flat=True))

    def erase(self, user_id: str) -> bool:
        """Forget the name for good; whether there was such a visitor. No figure moves by it."""
        ErasedVisitor.objects.remember(user_id)
        QuarantinedHit.objects.forget_visitor(user_id)
        found = self.known([user_id]).get(user_id)
        if found is None:
            return False
        self.forget(found)
        return True

    def forget(self, visitor: int):
        ViewCell.objects.make_first()
        self._forget(visitor)

    @retry_transaction
    @transaction.atomic
    def _forget(self, visitor: int):
        """Under the lock of whoever records views: those that are stored before are found here, and
        whoever comes afterwards sees that the visitor is erased."""
        ViewCell.objects.lock()
        changes = {"user_id": "", "fingerprint": uuid4(), "erased_at": timezone.now()}
        self.filter(pk=visitor).update(**changes)
        PageView.objects.filter(visitor=visitor).exclude(referrer="").update(referrer="")


class Visitor(models.Model):
    """Somebody who views pages, by the `user_id` that the pages give."""

    NAME = "user_id"

    user_id = models.CharField("user", max_length=NAME_LENGTH, blank=True)
    fingerprint = models.UUIDField(unique=True, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = VisitorQuerySet.as_manager()

    def __str__(self):
        return self.user_id or "(erased)"

    def erase(self):
        """See `VisitorQuerySet.erase`."""
        if not self.erased_at:
            Visitor.objects.erase(self.user_id)


def erased_hash(user_id: str, key: str) -> str:
    salt = "tracking.ErasedVisitor"
    return salted_hmac(salt, user_id, secret=key, algorithm="sha256").hexdigest()


def erased_hashes(user_id: str) -> list[str]:
    """Under today's key and under those before it."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [erased_hash(user_id, key) for key in keys]


class ErasedVisitorQuerySet(models.QuerySet):
    def remember(self, user_id: str) -> tuple["ErasedVisitor", bool]:
        """The entry, and whether it is new."""
        return self.get_or_create(hash=erased_hash(user_id, settings.SECRET_KEY))

    def about(self, user_id: str) -> "ErasedVisitorQuerySet":
        return self.filter(hash__in=erased_hashes(user_id))

    def among(self, user_ids: Iterable[str]) -> set[str]:
        """Those who are erased."""
        hashes = {each: user_id for user_id in user_ids for each in erased_hashes(user_id)}
        found = self.filter(hash__in=hashes).values_list("hash", flat=True)
        return {hashes[each] for each in found}


class ErasedVisitor(models.Model):
    """That a `user_id` is to be forgotten. It isn't kept itself: see `ErasedAddress`."""

    hash = models.CharField(max_length=64, unique=True, editable=False)
    erased_at = models.DateTimeField(auto_now_add=True)

    objects = ErasedVisitorQuerySet.as_manager()

    def __str__(self):
        return f"{self.hash[:8]}…"

    def remove(self):
        """The person may be counted again."""
        self.delete()


class PageView(models.Model):
    """One view. Kept to know a view that is sent again, until retention takes it."""

    event_id = models.UUIDField(unique=True, editable=False)
    # No constraints, for rows are many, and neither pages nor visitors with views are ever deleted.
    page = models.ForeignKey(
        Page, models.DO_NOTHING, related_name="page_views", db_index=False, db_constraint=False
    )
    visitor = models.ForeignKey(
        Visitor, models.DO_NOTHING, related_name="page_views", db_constraint=False
    )
    viewed_at = models.DateTimeField(db_index=True)
    referrer = models.CharField(max_length=NAME_LENGTH, blank=True, help_text="The host.")

    def __str__(self):
        return f"{self.page} {self.viewed_at:%Y-%m-%d %H:%M:%S}"


Key = tuple[int, int]  # of a cell: the id of a page or ALL_PAGES, an hour or ALL_TIME


class CellQuerySet(models.QuerySet):
    def make_first(self):
        """Make the cell of all views, once; outside of any transaction."""
        retry_transaction(self.get_or_create)(page=ALL_PAGES, hour=ALL_TIME)

    def lock(self):
        """Inside a transaction: whoever holds the cell of all views has all of them alone."""
        first = self.filter(page=ALL_PAGES, hour=ALL_TIME).select_for_update()
        first.values_list("pk", flat=True).get()

    def by_views(self) -> "CellQuerySet":
        """Of each page since the beginning, in the order of their views, which an index has. No
        page without a view has a cell."""
        return self.filter(hour=ALL_TIME).exclude(page=ALL_PAGES).order_by("-views", "page")

    def add(self, views: Counter, visitors: Counter):
        """Key → difference, of each."""
        rows = [(*key, views[key], visitors[key]) for key in sorted(views)]
        add_to(self.model, ("page", "hour"), ("views", "visitors"), rows)


class ViewCell(models.Model):
    """Views and distinct visitors of a page, or of all, in an hour or since the beginning."""

    page = models.BigIntegerField(help_text="The id of the page; 0 stands for all pages.")
    hour = models.IntegerField(help_text="Hours since 1970, UTC; 0 stands for all time.")
    views = models.BigIntegerField(default=0)
    visitors = models.BigIntegerField(default=0)
    is_closed = models.BooleanField(db_default=False, help_text="Who was seen in it is forgotten.")
    forgotten_before = models.DateTimeField(
        null=True,
        help_text="Of the cell of all views: none of before that is taken in any more.",
    )

    objects = CellQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["page", "hour"], name="one_cell_per_page_and_hour")
        ]
        indexes = [
            models.Index(fields=["hour", "-views", "page"], name="most_viewed_pages"),
        ]

    def __str__(self):
        return f"{self.page} {self.hour}"


class CellVisitorQuerySet(models.QuerySet):
    def among(self, seen: dict[Key, set[int]]) -> set[tuple[int, int, int]]:
        """Those of these (page, hour, visitor) that are there."""
        keys, found = sorted(seen), set()
        with connections[self.db].cursor() as cursor:
            for start in range(0, len(keys), ASKED_AT_ONCE):
                cursor.execute(self._question(seen, keys[start : start + ASKED_AT_ONCE]))
                found.update(cursor.fetchall())
        return found

    def _question(self, seen: dict[Key, set[int]], keys: list[Key]) -> str:
        """In SQL: to build it by Q objects takes longer than the database takes to answer."""
        conditions = (
            f"page = {page:d} AND hour = {hour:d}"
            f" AND visitor_id IN ({', '.join(f'{each:d}' for each in sorted(seen[page, hour]))})"
            for page, hour in keys
        )
        table = self.model._meta.db_table
        return f"SELECT page, hour, visitor_id FROM {table} WHERE {' OR '.join(conditions)}"  # nosec B608 # numbers only

    def add(self, rows: Iterable[tuple[int, int, int]]):
        insert_rows(self.model, ("page", "hour", "visitor"), sorted(rows))


class CellVisitor(models.Model):
    """That a visitor is counted in a cell."""

    # By the cell's key and not by its id: whoever records views needn't ask for it.
    pk = models.CompositePrimaryKey("page", "hour", "visitor_id")
    page = models.BigIntegerField()
    hour = models.IntegerField()
    # No constraint and no index: nobody asks for a visitor's cells, and rows are many.
    visitor = models.ForeignKey(
        Visitor, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )

    objects = CellVisitorQuerySet.as_manager()

    def __str__(self):
        return f"{self.page} {self.hour} {self.visitor_id}"
