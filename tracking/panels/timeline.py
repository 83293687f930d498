"""What happened to a contact and its mail, newest first."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from zoneinfo import ZoneInfo

from campaigns.models import Campaign, Contact
from tracking.models import ContactOpenings, Opening, OpeningChange
from tracking.panels.reasons import why, why_in_short
from tracking.panels.words import times

MOST = 50  # openings; the others are a list's
AT_HAND = 10  # events, beside the earlier ones that a click shows


@dataclass(frozen=True)
class Event:
    """An opening, or what is said of the moment."""

    at: datetime
    says: str = ""
    opening: Opening | None = None
    pixel: str = ""
    changes: tuple[OpeningChange, ...] = ()

    @property
    def why(self) -> str:
        return why(self.opening.reason)

    @property
    def why_in_short(self) -> str:
        return why_in_short(self.opening.reason)

    @property
    def reader(self) -> str:
        """What it was read with, as far as that is known."""
        agent = self.opening.user_agent
        names = [agent.client or "client not known", agent.os, agent.device] if agent else []
        return ", ".join(filter(None, names))


@dataclass(frozen=True)
class Day:
    date: date
    events: list[Event]


class Timeline:
    """In four queries at most, each by an index, however many openings there are.

    `with_changes`: whether who corrected an opening is told.
    """

    def __init__(self, contact: Contact, known: ContactOpenings | None, with_changes: bool):
        self.contact, self.known, self.with_changes = contact, known, with_changes
        self.campaign = contact.group.campaign
        self.zone = ZoneInfo(self.campaign.time_zone)

    @cached_property
    def _newest(self) -> list[Opening]:
        rows = Opening.objects.filter(contact=self.contact).order_by("-opened_at", "-pk")
        return list(rows.prefetch_related("pixel", "user_agent")[: MOST + 1])

    @property
    def openings(self) -> list[Opening]:
        return self._newest[:MOST]

    @property
    def has_more(self) -> bool:
        return len(self._newest) > MOST

    @property
    def _last_pixel(self) -> int:
        """The number of the mail's last pixel; 0 where that is not known."""
        return self.known.pixels.bit_length() if self.known else 0

    @property
    def kept(self) -> str:
        if self.known is None:  # the counts have drifted, and `rebuild_counts` mends them
            return ""
        return times(self.known.openings - self.known.archived_openings, "opening")

    @property
    def archived(self) -> str:
        """What retention has deleted."""
        number = self.known.archived_openings if self.known else 0
        return times(number, "older opening") if number else ""

    @property
    def empty(self) -> str:
        """Why there are no openings, if there are none."""
        if self._newest or self.archived:
            return ""
        if self.campaign.tracking == Campaign.Tracking.ANONYMOUS:
            return "The campaign is anonymous: who opened is not known."
        if self.campaign.tracking == Campaign.Tracking.OFF:
            return "Not opened. Tracking is off: pixels answer, and nothing is counted."
        return "Not opened yet."

    @cached_property
    def _events(self) -> list[Event]:
        events = sorted([*self._openings(), *self._mail()], key=lambda event: event.at)
        return events[::-1]

    @property
    def days(self) -> list[Day]:
        return self._by_day(self._events[:AT_HAND])

    @property
    def earlier_events(self) -> list[Event]:
        return self._events[AT_HAND:]

    @property
    def earlier(self) -> list[Day]:
        return self._by_day(self.earlier_events)

    def _by_day(self, events: list[Event]) -> list[Day]:
        grouped = groupby(events, lambda event: event.at.astimezone(self.zone).date())
        return [Day(day, list(own)) for day, own in grouped]

    def _openings(self) -> Iterable[Event]:
        changes = self._changes()
        # The oldest of those at one moment first, as they are turned around.
        for opening in reversed(self.openings):
            number = opening.pixel and opening.pixel.number
            pixel = pixel_named(number, self._last_pixel) if number else "pixel not known"
            made = tuple(changes[opening.event_id])
            yield Event(opening.opened_at, opening=opening, pixel=pixel, changes=made)

    def _mail(self) -> Iterable[Event]:
        contact = self.contact
        yield Event(contact.scheduled_at, "The mail was scheduled for this moment.")
        if contact.sent_at:
            yield Event(contact.sent_at, "The mail was sent.")
        if contact.erased_at:
            text = "The person was erased: address, name and what openings told of the reader."
            yield Event(contact.erased_at, text)

    def _changes(self) -> dict:
        """event id → who changed the opening, in order."""
        found = defaultdict(list)
        if self.with_changes:
            ids = [opening.event_id for opening in self.openings]
            for change in OpeningChange.objects.filter(event_id__in=ids).order_by("pk"):
                found[change.event_id].append(change)
        return found


def pixel_named(number: int, last: int) -> str:
    """With its place in the mail, where the mail has several."""
    if last < 2 or number > last:
        return f"pixel {number}"
    place = {1: "top", last: "bottom"}.get(number, "between")
    return f"pixel {number} ({place})"
