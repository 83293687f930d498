"""What `make mutants` breaks on purpose, in the processes of a run and nowhere else.

For a process with Django set up: each function breaks one thing, by its name in LEDGER_SABOTAGE.
"""

import os
from types import SimpleNamespace
from uuid import uuid4

from redis import ResponseError

from tracking import hit, spool, stream, stream_reader
from tracking.consume import Consumer, corrections
from tracking.decision import Decision
from tracking.fallback import Fallback
from tracking.group_commit import GroupCommit
from tracking.kinds import unpack
from tracking.outcome import Outcome
from tracking.page_views import record, track
from tracking.page_views.hit import ViewHit
from tracking.settle import settle


def none():
    """Breaks nothing, and looks whether it would be seen: what the others are held against."""
    spool.os = Recorder().watch()


def acknowledge_before_commit():
    def consume_streams(self, wait_ms):
        entries = self.gather(wait_ms)
        if entries:
            self.stream.acknowledge(entries)
        packed = [item for entry in entries for item in entry.packed.items()]
        self.stream.correct_filter(corrections(settle(packed)))
        return len(packed)

    Consumer.consume_streams = consume_streams


def no_aof():
    """Done to Redis itself; see Run.forget_on_disk."""


def no_unique_event_id():
    """Each arrival has an id of its own, also the second try of a proxy."""
    hit.event_id = track.event_id = lambda request_id, what: uuid4().bytes


def no_xautoclaim():
    stream_reader.StreamReader.claim = lambda self, count: []


def maxlen_on_xadd():
    add = "redis.call('XADD', KEYS[1], "
    assert add in stream.APPEND
    stream.APPEND = stream.APPEND.replace(add, add + "'MAXLEN', '20', ")


def group_created_at_end():
    def open_at_end(self):
        for node, name in self._streams():
            try:
                self._client(node).xgroup_create(name, stream.CONSUMER_GROUP, id="$", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    stream_reader.StreamReader.open = open_at_end


def reply_before_append():
    take = GroupCommit.take

    def reply_first(self, hit, tell):
        tell(Outcome.STORED)
        take(self, hit, lambda outcome: None)

    GroupCommit.take = reply_first


def spool_without_fsync():
    spool.os = Recorder().watch(fdatasync=lambda descriptor: None)


def views_acknowledged_unstored():
    """Page views are acknowledged with their batch, and stored with the next one."""

    def consume_streams(self, wait_ms):
        entries = self.gather(wait_ms)
        packed = [item for entry in entries for item in entry.packed.items()]
        before, self.views = getattr(self, "views", []), [*filter(is_view, packed)]
        pixels = [item for item in packed if not is_view(item)]
        self.stream.correct_filter(corrections(settle(before + pixels)))
        self.stream.acknowledge(entries)
        return len(packed)

    Consumer.consume_streams = consume_streams


def is_view(item: tuple[bytes, bytes]) -> bool:
    try:
        return isinstance(unpack(*item), ViewHit)
    except Exception:  # poison
        return False


def views_counted_again():
    """A page view that comes again is not stored again, and counts again."""
    take = record.Batch.take

    def take_and_count(self, hit, page, visitor):
        recorded = take(self, hit, page, visitor)
        if recorded.decision == Decision.DUPLICATE:
            self._views.update(record.keys_of(hit, page))
        return recorded

    record.Batch.take = take_and_count


class Recorder:
    """Notes how many hits were answered from the spool before the disk had them.

    A killed process loses nothing of what it has written, only a power cut does: so the calls
    are looked at, and not what is left.
    """

    def __init__(self):
        self.unsynced = set()

    def watch(self, **instead) -> SimpleNamespace:
        """An `os` for the spool alone."""
        Fallback.take_to_spool = self.taking(Fallback.take_to_spool)
        ours = {"write": self.write, "fdatasync": self.sync}
        return SimpleNamespace(**vars(os) | ours | instead)

    def write(self, descriptor, data):
        self.unsynced.add(descriptor)
        return os.write(descriptor, data)

    def sync(self, descriptor):
        os.fdatasync(descriptor)
        self.unsynced.discard(descriptor)

    def taking(self, take_to_spool):
        def take(fallback, hits):
            outcomes = take_to_spool(fallback, hits)
            if outcomes and self.unsynced:
                with open(os.environ["LEDGER_RECORD"], "a") as record:
                    record.write(f"{len(hits)}\n")
            return outcomes

        return take


def apply():
    globals()[os.environ["LEDGER_SABOTAGE"]]()
