"""The merge file: what a mail provider needs to put each contact's pixels into their mail."""

from collections.abc import Iterable, Iterator
from functools import cached_property

from django.db.models import Prefetch

from campaigns.models import Campaign, Contact, Group, Pixel
from campaigns.streaming import walk
from campaigns.table import Table

# What files say of a contact; `group` is the name of it.
CONTACT_COLUMNS = ("email", "name", "external_id", "group", "scheduled_at")


def about(contact: Contact, group: Group) -> tuple:
    return contact.email, contact.name, contact.external_id, group.name, contact.scheduled_at


class MergeFile(Table):
    """The merge file for a mail provider: each contact with the address (`pixel_1_url` …) and the
    HTML (`pixel_1_html` …) of each of their pixels.

    There are columns for the pixel numbers that a contact has as the file begins; where a contact
    has no such pixel, they are empty. `group` is the group's name. Columns of imports that
    PixelTrack has no field for come last. Erased contacts are left out.
    """

    name = "pixels"
    addresses = frozenset(["email"])

    def __init__(self, campaign: Campaign, groups: Iterable[Group]):
        self.campaign, self.groups = campaign, groups

    @cached_property
    def numbers(self) -> list[int]:
        """The pixel numbers that occur, at most a hundred; without any, the campaign's own."""
        pixels = Pixel.objects.filter(contact__group__in=self.groups)
        found = sorted(pixels.values_list("number", flat=True).distinct())
        return found or list(range(1, self.campaign.pixels_per_contact + 1))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        pixels = (f"pixel_{number}_{what}" for number in self.numbers for what in ("url", "html"))
        return (*CONTACT_COLUMNS, *pixels, *self.extra)

    @cached_property
    def extra(self) -> tuple[str, ...]:
        """The columns of imports that there is no field for, as they came."""
        return tuple(self.campaign.contact_columns.order_by("pk").values_list("name", flat=True))

    def chunks(self) -> Iterator[list[tuple]]:
        pixels = Prefetch("pixels", Pixel.objects.filter(number__in=self.numbers))
        for group in self.groups:
            contacts = group.contacts.not_erased().prefetch_related(pixels)
            for some in walk(contacts, "scheduled_at"):
                yield [self.row(contact, group) for contact in some]

    def row(self, contact: Contact, group: Group) -> tuple:
        pixels = {pixel.number: pixel for pixel in contact.pixels.all()}
        cells = []
        for number in self.numbers:
            pixel = pixels.get(number)
            cells += (pixel.url, pixel.html) if pixel else (None, None)
        return (*about(contact, group), *cells, *map(contact.extra.get, self.extra))
