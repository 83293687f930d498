from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.models import Contact, Pixel

MAIL = ("sent_at", "scheduled_at", "group_id")  # of a contact, for Mail.of
LAST_BIT = 62  # of a signed number of 64 bits; the pixels from there on share it


def bit_of(number: int) -> int:
    """Of a pixel's number, which the admin lets begin at 0."""
    return 1 << min(max(number - 1, 0), LAST_BIT)


def bits_of(numbers: Iterable[int]) -> int:
    return sum({bit_of(number) for number in numbers})


@dataclass
class Mail:
    """What is to be known of a contact's mail for its openings to be understood."""

    due_at: datetime  # when it was sent, as far as is known
    scheduled_at: datetime
    group_id: int
    pixels: dict[int, int] = field(default_factory=dict)  # id → number

    @classmethod
    def of(cls, sent_at: datetime | None, scheduled_at: datetime, group_id: int) -> "Mail":
        return cls(sent_at or scheduled_at, scheduled_at, group_id)

    def bits(self) -> int:
        return bits_of(self.pixels.values())


def mails_of(contacts: Iterable[int]) -> dict[int, Mail]:
    """By the contacts' ids. Two queries and no join, as where hits look up their pixels."""
    contacts = set(contacts)
    rows = Contact.objects.filter(pk__among=contacts).values_list("pk", *MAIL)
    mails = {pk: Mail.of(*rest) for pk, *rest in rows}
    pixels = Pixel.objects.filter(contact__among=contacts).values_list("contact", "pk", "number")
    for contact_id, pk, number in pixels:
        mails[contact_id].pixels[pk] = number
    return mails
