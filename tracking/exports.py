"""Who opened, who didn't, and every opening, as tables to take away."""

from collections.abc import Iterable, Iterator

from django.utils import timezone
from rest_framework import serializers

from accounts.models import Refusal
from campaigns.merge_file import CONTACT_COLUMNS, about
from campaigns.models import Campaign, Contact, Group
from campaigns.streaming import walk
from campaigns.table import Table
from tracking.models import ContactOpenings, Opening, UserAgent
from tracking.models.tally import values_of
from tracking.serializers import OpeningSerializer


class NotIndividual(Refusal):
    code = "not_individual"
    sentence = "This campaign does not record who opens, so nobody is known not to have."


class VerifiedOptionSerializer(serializers.Serializer):
    verified = serializers.BooleanField(
        default=False,
        help_text="Only an opening by a person, or on behalf of one, makes a contact an opener.",
    )


class ContactTable(Table):
    """For tables with a contact per row; erased ones have no address to give."""

    options = VerifiedOptionSerializer

    def __init__(self, campaign: Campaign, groups: Iterable[Group], verified=False):
        self.campaign, self.groups, self.verified = campaign, groups, verified

    def chunks(self) -> Iterator[list[tuple]]:
        for group in self.groups:
            for contacts in walk(group.contacts.not_erased(), "scheduled_at"):
                opened = ContactOpenings.objects.in_bulk([contact.pk for contact in contacts])
                yield [
                    (contact.pk, *about(contact, group), *more)
                    for contact in contacts
                    if (more := self.more(contact, opened.get(contact.pk))) is not None
                ]

    def more(self, contact: Contact, opened: ContactOpenings | None) -> tuple | None:
        """The row's further cells, or None for a contact that is not in the table."""
        raise NotImplementedError

    def is_opener(self, opened: ContactOpenings | None) -> bool:
        return bool(opened and (opened.first_verified_at or not self.verified))


class Openers(ContactTable):
    """The contacts that opened, with the times and numbers of their openings.

    `contact` is the contact's id, `group` the name of the group. `first_verified_at` tells the
    first opening by a person, or on behalf of one; it is missing where only machines opened.
    """

    name = "openers"
    columns = (
        "contact",
        *CONTACT_COLUMNS,
        "first_opened_at",
        "last_opened_at",
        "openings",
        "mail_opens",
        "first_verified_at",
    )

    def more(self, contact, opened):
        if not self.is_opener(opened):
            return None
        return (
            opened.first_at,
            opened.last_at,
            opened.openings,
            opened.mail_opens,
            opened.first_verified_at,
        )


class NonOpeners(ContactTable):
    """The contacts that are due and did not open.

    A contact that only a machine opened, a scanner for example, counts as an opener here. With
    `verified=true` it doesn't: then it is in this file, and `machine_only` is true for it.

    `contact` is the contact's id, `group` the name of the group. 409 for a campaign that does not
    record who opens.
    """

    name = "non-openers"

    def __init__(self, campaign, groups, verified=False):
        if campaign.tracking != Campaign.Tracking.INDIVIDUAL:
            raise NotIndividual
        super().__init__(campaign, groups, verified)
        self.as_of = timezone.now()

    @property
    def columns(self):
        return ("contact", *CONTACT_COLUMNS, *(["machine_only"] if self.verified else []))

    def more(self, contact, opened):
        due = contact.scheduled_at <= self.as_of or opened  # what was opened was sent
        if self.is_opener(opened) or not due:
            return None
        return (opened is not None,) if self.verified else ()


class Openings(Table):
    """Every opening, with the same fields as in `/api/openings/`, by group and time.

    Without models and serializers, by which a row takes seven times as long: these tables have
    millions, and who exports them shares a process with hits. The tests hold it to the serializer.
    """

    name = "openings"
    columns = OpeningSerializer.Meta.fields
    OF_READER = ("text", "client", "os", "device")  # columns `user_agent` to `device`

    def __init__(self, campaign: Campaign, groups: Iterable[Group]):
        self.groups = groups
        first = self.columns.index("user_agent")
        self._before = self.columns[1:first]  # the id goes by another name in `walk`
        self._after = self.columns[first + len(self.OF_READER) :]

    def chunks(self) -> Iterator[list[tuple]]:
        names = ("pk", "user_agent_id", *self._before, *self._after)
        for group in self.groups:
            openings = Opening.objects.filter(group=group).values_list(*names, named=True)
            for some in walk(openings, "opened_at"):
                yield list(self.rows(some))

    def rows(self, openings: list[tuple]) -> Iterator[tuple]:
        ids = {row.user_agent_id for row in openings} - {None}
        readers = values_of(UserAgent, ids, *self.OF_READER) | {None: [None] * len(self.OF_READER)}
        last = len(self._before) + 2
        for row in openings:
            pk, user_agent_id, event_id, *rest = row[:last]
            yield (pk, str(event_id), *rest, *readers[user_agent_id], *row[last:])
