"""Anonymous openings: told from their refreshes without anybody being remembered.

An opening of an anonymous campaign is stored with its event id, group, time and verdict. For the
two rules that need more (a refresh within 60 minutes, one mail open per contact and reader), a
row beside it, AnonymousReader, holds two hashes:

- `pixel`: of the pixel;
- `reader`: of the contact together with the User-Agent and the network label.

An opening with the same `pixel` and `reader` less than 60 minutes away makes a hit a refresh;
one with the same `reader` keeps it from beginning a mail open.

The hashes are keyed with a random salt, one per hour (of the hit, not of its arrival), which
lives in the database, so that a lost Redis changes nothing. A hit is looked up under the salts
of its own hour and of the two beside it: an opening less than 60 minutes away lies in one of
them. Salts and hashes are deleted within 24 hours of the opening (KEPT), as long as the Celery
worker and beat run. From then on nobody can tell whether two openings had the same reader.

A hit that arrives later than that (from a spool file that waited for days) finds no salt of its
hour, and a new one is made, to be forgotten by the next run. So the late hits of one arrival are
still told from their refreshes, and those of openings long past no longer are: such a refresh
counts as an opening. A hit delivered twice is known by its event id at any time.

In passing, as with every campaign: the filter in Redis (keys of an hour), the stream, the spool,
and the quarantine of hits that can't be recorded hold what the hit brought.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from tracking.hit import Hit
from tracking.models import AnonymousReader, ReaderSalt
from tracking.models.anonymous_reader import hour_of
from tracking.models.new_opening import NewOpening
from tracking.rules import PIXEL_LIMIT, REFRESH_WINDOW

HOUR = timedelta(hours=1)  # not shorter than the window


class NewSalts(Exception):
    """Undoes the transaction, which needs the salts of these hours made first."""

    def __init__(self, hours: set[datetime]):
        self.hours = hours


def hours_around(moment: datetime) -> tuple[datetime, datetime, datetime]:
    hour = hour_of(moment)
    return hour - HOUR, hour, hour + HOUR


def hash_of(secret: bytes, *parts: bytes) -> int:
    """64 bits, as a signed number that a column takes. The parts have lengths of their own."""
    digest = blake2b(b"".join(parts), key=secret, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class Trace:
    """A hit as the hashes know it: hour → (pixel, reader), for its own hour and those beside."""

    def __init__(self, hit: Hit, contact_id: int, moment: datetime, salts: dict[datetime, bytes]):
        self.moment = moment
        contact = contact_id.to_bytes(8, "big")
        self.hashes = {
            hour: (hash_of(salts[hour], hit.pixel), hash_of(salts[hour], contact, hit.reader))
            for hour in hours_around(moment)
            if hour in salts
        }

    @property
    def own(self) -> tuple[int, int]:
        return self.hashes[hour_of(self.moment)]


class AnonymousHistory:
    """The anonymous openings around some hits: what record's History is to the others."""

    def __init__(self, traces: dict[bytes, Trace]):
        self.traces = traces  # by event id
        self._by_reader = defaultdict(list)
        self._by_pixel = defaultdict(list)
        self._mail_opens = defaultdict(list)

    @classmethod
    def around(cls, hits: list[tuple[Hit, int, datetime]]) -> "AnonymousHistory":
        """Around (hit, contact id, moment)s, whose contacts the caller has locked."""
        salts = salts_around({moment for _, _, moment in hits})
        history = cls({hit.event_id: Trace(hit, *rest, salts) for hit, *rest in hits})
        if hits:
            history.load()
        return history

    def load(self):
        hashes = [pair for trace in self.traces.values() for pair in trace.hashes.values()]
        moments = [trace.moment for trace in self.traces.values()]
        # The opening's own time: it may have been corrected. What was deleted is not joined.
        near = AnonymousReader.objects.filter(
            opening__opened_at__gt=min(moments) - REFRESH_WINDOW,
            opening__opened_at__lt=max(moments) + REFRESH_WINDOW,
        ).values_list(
            "opening", "pixel", "reader", "opening__opened_at", "opening__begins_mail_open"
        )
        # One index each; asked for both at once, a database might read the whole day.
        found = set(near.filter(pixel__in={pixel for pixel, _ in hashes}))
        found |= set(near.filter(reader__in={reader for _, reader in hashes}))
        for _, *row in found:
            self.note(*row)

    def note(self, pixel: int, reader: int, moment: datetime, begins_mail_open: bool):
        self._by_pixel[pixel].append(moment)
        self._by_reader[pixel, reader].append(moment)
        if begins_mail_open:
            self._mail_opens[reader].append(moment)

    def add(self, opening: NewOpening):
        trace = self.trace_of(opening)
        self.note(*trace.own, opening.opened_at, opening.begins_mail_open)

    def opening_beside(self, opening: NewOpening) -> datetime | None:
        trace = self.trace_of(opening)
        return next(self.near(trace, self._by_reader, trace.hashes.values()), None)

    def begins_mail_open(self, opening: NewOpening) -> bool:
        trace = self.trace_of(opening)
        readers = [reader for _, reader in trace.hashes.values()]
        return not any(self.near(trace, self._mail_opens, readers))

    def is_full(self, opening: NewOpening) -> bool:
        trace = self.trace_of(opening)
        pixels = [pixel for pixel, _ in trace.hashes.values()]
        return sum(1 for _ in self.near(trace, self._by_pixel, pixels)) >= PIXEL_LIMIT

    def near(self, trace: Trace, moments: dict, keys):
        for key in keys:
            yield from (at for at in moments[key] if abs(at - trace.moment) < REFRESH_WINDOW)

    def trace_of(self, opening: NewOpening) -> Trace:
        return self.traces[opening.event_id]

    def readers_of(self, openings: list[NewOpening]) -> list[AnonymousReader]:
        """The rows to store beside the anonymous ones of these openings."""
        rows = []
        for opening in openings:
            if opening.contact_id:
                continue
            pixel, reader = self.trace_of(opening).own
            row = AnonymousReader(pixel=pixel, reader=reader, opened_at=opening.opened_at)
            row.opening_id = UUID(bytes=opening.event_id)
            rows.append(row)
        return rows


def salts_around(moments: set[datetime]) -> dict[datetime, bytes]:
    """The salts of the hours around; NewSalts where one is missing that a hash is made with."""
    if not moments:
        return {}
    salts = ReaderSalt.objects.secrets_of({hour for each in moments for hour in hours_around(each)})
    if missing := {hour_of(each) for each in moments} - salts.keys():
        raise NewSalts(missing)
    return salts
