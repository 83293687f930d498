"""The web worker: uvicorn's, in the only way that PixelTrack wants it."""

import asyncio
import math
import sys
from typing import ClassVar

from django.conf import settings
from gunicorn.arbiter import Arbiter
from uvicorn import Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker

from pixeltrack.parts import Channel, Exchange, Part
from pixeltrack.shortcut import Shortcut

# What is in flight may finish; then the lane still has time to hand over what it holds, before
# gunicorn's own patience (gunicorn.py: graceful_timeout) ends.
DRAIN_SECONDS = 10
TICK_SECONDS = 0.1  # that uvicorn may take to see that it is to end


TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\n"
    b"content-length: 36\r\n"
    b"connection: close\r\n\r\n"
    b"The address or a header is too long."
)


class HeadTooLong(Exception):
    pass


class Protocol(HttpToolsProtocol):
    """uvicorn's, with limits to what a client may send and to how long it may keep us waiting.

    What is limited is what comes in without bringing a request on: half a head, but also trailers
    without end after a body. The parser joins a line anew with every packet, so that an endless
    one would cost ever more time; and whoever sends nothing more would keep a socket for ever.
    Bodies as such have their limit elsewhere (request_limits.py), idle connections in uvicorn.

    A client that has closed its own side after asking is answered; uvicorn would hang up.
    """

    HEAD_BYTES = 64 * 1024  # request line and headers
    PATIENCE = 30  # seconds: for a whole head, and without a byte of the body

    exchange: ClassVar[Exchange | None] = None  # with other workers, where there are several

    _dated: ClassVar[tuple[list | None, bytes]] = (None, b"")  # what `dated` has made of what

    _asks_no_more = False
    _too_long = False
    _in_head = False
    _in_body = False
    _pending = 0  # bytes since a head, a piece of a body or a request was complete
    _since = 0.0  # when the first of them came, in the loop's time
    _idle_since = 0.0  # when the last answer was out, in the loop's time
    _watch = None  # one timer for each connection, not for each request

    def __init__(self, *arguments, read: bytes = b"", **options):
        """`read`: what another worker has read, who has passed the connection on."""
        super().__init__(*arguments, **options)
        self._read = read
        self._quick = getattr(self.app, "quick", None)

    def connection_made(self, transport):
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else ""
        self._since = self.loop.time()
        self._watch = self.loop.call_later(self.PATIENCE, self.look_after)
        if self._read:
            self.take(self._read)

    def connection_lost(self, exc):
        self._watch.cancel()
        super().connection_lost(exc)

    # -- What comes in ---------------------------------------------------------------------------
    def data_received(self, data):
        if self.flow.read_paused:  # before the transport began to read, which then takes no notice
            self.transport.pause_reading()
        if self.exchange and self.begins() and self.exchange.pass_on(self.transport, data):
            return
        self.take(data)

    def begins(self) -> bool:
        """Whether what comes now is the beginning of a request, and nothing is owed before it."""
        if self._pending or self._in_head or self._in_body or self.transport.is_closing():
            return False
        return self.cycle is None or (self.cycle.response_complete and not self.pipeline)

    def take(self, data):
        if not self._pending:
            self._since = self.loop.time()
        self._pending += len(data)
        super().data_received(data)
        # What is left of a packet after a complete request is not counted: one packet at most.
        if self._pending > self.HEAD_BYTES:
            self.refuse()

    def on_message_begin(self):
        """Without uvicorn's scope, which is made where ASGI needs it."""
        self._in_head = True
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self):
        # A packet may have much more in it than the head.
        if self._pending > self.HEAD_BYTES and self.length_of_head() > self.HEAD_BYTES:
            raise HeadTooLong
        self._pending, self._since = 0, self.loop.time()
        self._in_head, self._in_body = False, True
        if way := self.short_way():
            self.cycle = Shortcut(self, way)
            self.url, self.headers = b"", []  # the way has what it needs of them
        else:
            self.make_scope()
            super().on_headers_complete()

    def make_scope(self):
        asked = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = asked
        self.scope["headers"] = self.headers

    def short_way(self):
        """What answers this request without ASGI; None where it isn't a simple one."""
        quick, parser = self._quick, self.parser
        is_free = self.cycle is None or (self.cycle.response_complete and not self.pipeline)
        if quick is None or not is_free or self.flow.write_paused or self.expect_100_continue:
            return None
        if parser.get_http_version() != "1.1" or not parser.should_keep_alive():
            return None
        if parser.should_upgrade():
            return None
        return quick(parser.get_method(), self.url, self.headers, self.peer)

    def on_body(self, body):
        self._pending = 0
        super().on_body(body)

    def on_message_complete(self):
        self._pending, self._in_body = 0, False
        if isinstance(self.cycle, Shortcut):
            self.cycle.finish_request()
        else:
            super().on_message_complete()

    def length_of_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    # -- Too much of it --------------------------------------------------------------------------
    def send_400_response(self, msg):
        if self._pending > self.HEAD_BYTES:
            self.refuse()
        else:
            super().send_400_response(msg)

    def refuse(self):
        """Answer 431 and close, after the answers to what was asked before."""
        if self.answers():
            self._too_long = True
            self.flow.pause_reading()
        elif not self.transport.is_closing():
            if not self._in_body:  # there the application may be answering already
                self.transport.write(TOO_LONG)
            self.transport.close()

    def answers(self) -> bool:
        """Whether a request is complete that has no answer yet."""
        return self.cycle is not None and not self._in_body and not self.cycle.response_complete

    # -- Too little ------------------------------------------------------------------------------
    def look_after(self):
        """Hang up if the client owes us something for too long; else look again in time."""
        left, now = self.PATIENCE, self.loop.time()
        if self.waits():
            left -= now - self._since
            if left <= 0:
                self.transport.abort()
                return
        elif self.is_idle():
            left = min(left, self.timeout_keep_alive - (now - max(self._idle_since, self._since)))
            if left <= 0:
                self.transport.close()
                return
        self._watch = self.loop.call_later(left, self.look_after)

    def waits(self) -> bool:
        if self._in_body:
            return not self.flow.read_paused  # by us, while the application is busy
        return self.cycle is None or (self._pending > 0 and not self.answers())

    def is_idle(self) -> bool:
        return not self._in_body and not self._pending and self.cycle.response_complete

    def eof_received(self):
        self._asks_no_more = True
        return self.answers()  # stay, to write

    def dated(self) -> bytes:
        """The lines that the server adds to every head; it makes them anew each second."""
        headers = self.server_state.default_headers
        kept, lines = Protocol._dated
        if kept is not headers:
            lines = b"".join(b"%s: %s\r\n" % pair for pair in headers)
            Protocol._dated = headers, lines
        return lines

    # -- The end ---------------------------------------------------------------------------------
    def on_response_complete(self):
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
        else:  # which would set a timer
            self.server_state.total_requests += 1
            self._idle_since = self.loop.time()
            self.flow.resume_reading()
        if self.pipeline or not self.cycle.response_complete:
            return
        if self._too_long:
            self.refuse()
        elif self._asks_no_more:
            self.transport.close()


class ExchangingServer(Server):
    """uvicorn's, whose connections also come from other workers."""

    def __init__(self, config, exchange: Exchange):
        super().__init__(config)
        self._exchange = exchange

    async def startup(self, sockets=None):
        await super().startup(sockets)
        Protocol.exchange = self._exchange
        self._exchange.open(self.make_protocol)

    def make_protocol(self, read: bytes) -> Protocol:
        state, app_state = self.server_state, self.lifespan.state
        return Protocol(self.config, state, app_state, read=read)

    async def shutdown(self, sockets=None):
        """The others are told at the same time, and until they know, they pass something on."""
        Protocol.exchange = None
        await asyncio.sleep(2 * TICK_SECONDS)
        try:
            await self._exchange.close()
        finally:
            await super().shutdown(sockets)


class Worker(UvicornWorker):
    # Where there are several workers, gunicorn.py says which part this one has, and how the others
    # are reached.
    part: Part | None = None
    channels: dict[Part, Channel] | None = None

    CONFIG_KWARGS = {
        "loop": "uvloop",
        "http": Protocol,
        "ws": "none",
        # Django alone, without the lane, knows no lifespan.
        "lifespan": "on" if settings.PIXEL_LANE else "off",
        # Forwarded headers are read by the application, which knows how many proxies to trust.
        "proxy_headers": False,
        "server_header": False,
        # A line per request would name tokens and addresses.
        "access_log": False,
        "timeout_graceful_shutdown": DRAIN_SECONDS,
        # Tell gunicorn with every tick that the worker lives. uvicorn would count the time since by
        # the wall clock: set back, it says nothing for so long that gunicorn kills the worker.
        "timeout_notify": -math.inf,
    }

    async def _serve(self):
        """As uvicorn's worker does, which lets nobody choose the server."""
        self.config.app = self.wsgi
        self._install_sigquit_handler()
        server = self.server()
        if self.part is Part.PAGES:  # the port is to be free when those for hits have ended
            while self.sockets:
                self.sockets.pop().close()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    def server(self) -> Server:
        if self.part is None:
            return Server(self.config)
        return ExchangingServer(self.config, Exchange(self.part, self.channels))
