"""Which contacts have an address that another group of their campaign has as well."""

from collections import Counter
from collections.abc import Iterable, Iterator

from django.db import connections, models
from django.db.models import Count

from campaigns.models.campaign import Group
from campaigns.models.insert import insert_rows
from campaigns.models.scoped import GroupScopedQuerySet

FEW = 4  # groups
ASKED_AT_ONCE = 500  # addresses: of more, MySQL doesn't look for each in the index


class SharedContactQuerySet(GroupScopedQuerySet):
    def counts(self, groups: Iterable[int]) -> dict[int, int]:
        """Group id → shared contacts, without the zeros. Costs what their number costs."""
        rows = self.filter(group__in=list(groups)).order_by().values("group")
        return dict(rows.annotate(number=Count("pk")).values_list("group", "number"))

    def follow(self, came: dict[int, set[str]], gone: dict[int, tuple[int, str]], campaigns):
        """Bring the marks up to date, in the transaction of the contacts that changed.

        `came`: group id → addresses that are new there. `gone`: contact → the group id and
        address where it is not any more. `campaigns`: the ids of all groups of each; whoever
        calls has their turn.
        """
        marked = self._marked(gone)
        self.unmark(marked)
        left = [gone[contact] for contact in marked]
        for groups in campaigns:
            new = {group: came[group] for group in groups if group in came}
            keys = self._elsewhere(groups, new) if len(groups) > 1 else set()
            keys.update(key for group, key in left if group in groups)
            self.mark_anew(groups, keys)

    def mark_anew(self, groups: list[int], keys: set[str]) -> int:
        """Mark the contacts with these addresses as they are now; how many were wrong."""
        shared, alone = {}, set()
        for several in self._at(groups, keys).values():
            if len(several) > 1:
                shared.update(several)
            else:
                alone.update(several)
        marked = self._marked([*shared, *alone])
        self.unmark(marked & alone)
        new = sorted(shared.keys() - marked)
        insert_rows(self.model, ("contact", "group"), [(pk, shared[pk]) for pk in new])
        return len(marked & alone) + len(new)

    def unmark(self, contacts: Iterable[int]):
        for some in parts(sorted(contacts)):
            self.filter(contact__in=some).delete()

    def _marked(self, contacts: Iterable[int]) -> set[int]:
        """Those of the contacts that are marked."""
        found = set()
        for some in parts(sorted(contacts)):
            found.update(self.filter(contact__in=some).values_list("contact", flat=True))
        return found

    def _elsewhere(self, groups: list[int], came: dict[int, set[str]]) -> set[str]:
        """Those of the addresses that another group than theirs has as well."""
        if len(came) > FEW:
            questions = [(groups, set().union(*came.values()))]
        else:  # what came needn't be read again
            questions = [
                ([other for other in groups if other != group], keys)
                for group, keys in came.items()
            ]
        found = set()
        for asked, keys in questions:
            for some in parts(sorted(keys)):
                places = self._places(asked, some)
                found.update(key for group, key in places if key not in came.get(group, ()))
        # Of what came to two groups at once, each is the other's.
        several = Counter(key for keys in came.values() for key in keys)
        return found.union(key for key, number in several.items() if number > 1)

    def _places(self, groups: list[int], keys: list[str]) -> list[tuple[int, str]]:
        """Those that these groups have of these addresses. Every chunk of an import asks for it:
        as a QuerySet, the question takes more time than the answer."""
        table = self.contacts.model._meta.db_table
        some_groups, some_keys = (", ".join(["%s"] * len(several)) for several in (groups, keys))
        with connections[self.db].cursor() as cursor:
            cursor.execute(
                f"SELECT group_id, email_key FROM {table}"  # nosec B608 # every value is a parameter
                f" WHERE group_id IN ({some_groups}) AND email_key IN ({some_keys})",
                [*groups, *keys],
            )
            return cursor.fetchall()

    def _at(self, groups: list[int], keys: set[str]) -> dict[str, dict[int, int]]:
        """address → contact → group, of what these groups have under these addresses."""
        found = {key: {} for key in keys}
        for some in parts(sorted(keys)):
            rows = self.contacts.filter(group__in=groups, email_key__in=some)
            for contact, group, key in rows.values_list("pk", "group", "email_key"):
                found[key][contact] = group
        return found

    @property
    def contacts(self) -> models.QuerySet:
        return self.model.contact.field.related_model.objects.using(self.db)


def parts(several: list) -> Iterator[list]:
    for start in range(0, len(several), ASKED_AT_ONCE):
        yield several[start : start + ASKED_AT_ONCE]


class SharedContact(models.Model):
    """A contact whose address another group of its campaign has as well: it is left out where
    groups are compared.

    Erasing the person changes nothing here: what was sent to them was sent to both groups, and
    figures stay when a person is forgotten. Groups that are being removed count until the
    removal has come to their contacts.
    """

    # Without constraints: else to mark a contact would be to wait for whoever holds it or its
    # group, and they may wait for whoever has the turn.
    contact = models.OneToOneField(
        "campaigns.Contact",
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="shared",
    )
    group = models.ForeignKey(
        Group, models.CASCADE, db_constraint=False, related_name="shared_contacts"
    )

    objects = SharedContactQuerySet.as_manager()

    def __str__(self):
        return f"shared contact {self.contact_id}"
