"""What a transaction makes of contacts, for what is kept of them beside their rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from campaigns.mail_changes import tell_of_mails
from campaigns.models.campaign import Group
from campaigns.models.campaign_turn import CampaignTurn
from campaigns.models.scheduled_count import ScheduledCount
from campaigns.models.shared_contact import SharedContact


class Standing(NamedTuple):
    """Of a contact, what other rows go by as well."""

    pk: int
    group_id: int
    email_key: str
    scheduled_at: datetime
    sent_at: datetime | None = None


class ContactChanges:
    """Note them, and `settle` them in the same transaction. Whoever adds contacts, takes them
    away, or changes where or when they are, does it by this."""

    def __init__(self, campaigns: Iterable[int] = ()):
        """`campaigns`: the ids of those that it is about, where the caller knows them."""
        self.campaigns = set(campaigns)
        self.scheduled = Counter()  # (group id, moment) → how many more
        self.came: dict[int, set[str]] = defaultdict(set)  # group id → addresses
        self.gone: dict[int, tuple[int, str]] = {}  # contact → from where: group id, address
        self.mails: set[int] = set()  # contacts whose mail goes out, or went, at another time

    def add(self, group_id: int, email_key: str, scheduled_at: datetime):
        """A new contact."""
        self.scheduled[group_id, scheduled_at] += 1
        self.came[group_id].add(email_key)

    def add_all(self, contacts: Mapping[tuple[int, str], datetime]):
        """New contacts: (group id, address) → when they are scheduled."""
        self.scheduled.update((place[0], moment) for place, moment in contacts.items())
        for group, key in contacts:
            self.came[group].add(key)

    def remove(self, contact: Standing):
        self.scheduled[contact.group_id, contact.scheduled_at] -= 1
        self.gone[contact.pk] = contact.group_id, contact.email_key

    def reschedule(
        self, contact: Standing, scheduled_at: datetime, sent_at: datetime | None = None
    ):
        if contact.sent_at != sent_at:
            self.mails.add(contact.pk)
        if contact.scheduled_at == scheduled_at:
            return
        self.scheduled[contact.group_id, contact.scheduled_at] -= 1
        self.scheduled[contact.group_id, scheduled_at] += 1
        self.mails.add(contact.pk)

    def change(self, was: Standing, now: Standing):
        """A contact that stays may be elsewhere, or scheduled for, or sent at, another moment."""
        self.reschedule(was, now.scheduled_at, now.sent_at)
        if (was.group_id, was.email_key) != (now.group_id, now.email_key):
            self.remove(was._replace(scheduled_at=now.scheduled_at))
            self.add(now.group_id, now.email_key, now.scheduled_at)

    def settle(self):
        """Bring counts and marks up to date, once the contacts are stored or deleted. Last of all
        in the transaction: others wait for the turn of the campaigns from here to its end."""
        if self.mails:
            tell_of_mails(self.mails)
        if not (self.scheduled or self.came or self.gone):
            return
        if not self.campaigns:
            groups = Group.everything.filter(pk__in={group for group, _ in self.scheduled})
            self.campaigns.update(groups.order_by().values_list("campaign", flat=True))
        groups = CampaignTurn.objects.take(self.campaigns)
        ScheduledCount.objects.add(self.scheduled)
        SharedContact.objects.follow(self.came, self.gone, groups)
