"""Two kinds of web workers, where there are several: some take in hits, the others make pages.

A thread that makes a page, or writes out an export, holds its interpreter's lock again and again,
and may lose its core to others while it does; the hits of its process would wait for all that. So
only the workers for hits accept connections, and they pass on each whose request is for a page, as
it is, together with what they have read of it; and get it back when its next request is a hit.
Whoever has a connection can answer whatever comes over it: which worker does is about time alone.
"""

import asyncio
import logging
import socket
from array import array
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum

logger = logging.getLogger(__name__)

MOST_BYTES = 64 * 1024  # of a packet that is passed on: most are a request's head
MOST_AT_ONCE = 32  # that a worker takes before it looks after others, and others after the rest
DESCRIPTOR = "i"  # its type, of `array`


class Part(StrEnum):
    HITS = "hits"
    PAGES = "pages"


PATHS = (b"/p/", b"/track", b"/t.gif", b"/stats")
METHODS = (b"GET", b"POST", b"HEAD", b"OPTIONS")
HITS = tuple(b"%s %s" % (method, path) for method in METHODS for path in PATHS)


def part_of(packet: bytes) -> Part:
    """Whose it is, by the first bytes of a request. Odd ones, and such as come in bits, go to the
    workers that have time."""
    return Part.HITS if packet.startswith(HITS) else Part.PAGES


def part_for_one_more(workers: Iterable) -> Part:
    """What a worker that comes to these (which have a `part`) is to do."""
    parts = [worker.part for worker in workers]
    return Part.HITS if parts.count(Part.HITS) <= parts.count(Part.PAGES) else Part.PAGES


class Channel:
    """Connections on their way to the workers of one part, of whom one takes each. They wait in
    the kernel while a worker that has died is replaced."""

    def __init__(self):
        self._entrance, self._exit = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._entrance.setblocking(False)
        self._exit.setblocking(False)

    def put(self, connection: int, packet: bytes) -> bool:
        """A file descriptor, of which the one who takes it gets a copy. False where there is no
        room."""
        try:
            socket.send_fds(self._entrance, [packet], [connection])
        except OSError:
            return False
        return True

    def take(self) -> tuple[socket.socket, bytes] | None:
        """None where there is none, or another was faster."""
        room = socket.CMSG_LEN(array(DESCRIPTOR).itemsize)
        while True:
            try:
                packet, [*sent], *_ = self._exit.recvmsg(MOST_BYTES, room, socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                return None
            if sent:
                return socket.socket(fileno=array(DESCRIPTOR, sent[0][2])[0]), packet
            logger.error("A connection was lost: this process may open no more files.")

    def fileno(self) -> int:
        return self._exit.fileno()

    def close(self):
        self._entrance.close()
        self._exit.close()


class Exchange:
    """What one worker passes on, and what is passed on to it."""

    def __init__(self, part: Part, channels: dict[Part, Channel]):
        self.part, self._channels = part, channels
        self._arriving: set[asyncio.Task] = set()

    def pass_on(self, transport: asyncio.Transport, packet: bytes) -> bool:
        """Whether others have the connection now, and here it is closed."""
        part = part_of(packet)
        if part is self.part or len(packet) > MOST_BYTES or transport.get_write_buffer_size():
            return False
        if not self._channels[part].put(transport.get_extra_info("socket").fileno(), packet):
            return False
        transport.abort()  # of this process' descriptor only
        return True

    def open(self, make_protocol: Callable[[bytes], asyncio.Protocol]):
        """Take what comes from now on. The protocol is told what was read before."""
        self._make_protocol = make_protocol
        asyncio.get_running_loop().add_reader(self._own.fileno(), self._take)

    @property
    def _own(self) -> Channel:
        return self._channels[self.part]

    def _take(self) -> bool:
        """Whether there may be more."""
        for _ in range(MOST_AT_ONCE):
            taken = self._own.take()
            if taken is None:
                return False
            arriving = asyncio.ensure_future(self._arrive(*taken))
            self._arriving.add(arriving)
            arriving.add_done_callback(self._arriving.discard)
        return True

    async def _arrive(self, connection: socket.socket, packet: bytes):
        connection.setblocking(False)
        with suppress(OSError):  # the client has gone meanwhile
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._make_protocol(packet), connection
            )

    async def close(self):
        """What is on its way still comes in, unless somebody else takes it."""
        asyncio.get_running_loop().remove_reader(self._own.fileno())
        while self._take():
            pass
        await asyncio.gather(*self._arriving, return_exceptions=True)
