"""Requests that the application answers without ASGI, which costs more than all that is done for a
page view: a task, an event, several calls with dictionaries, two writes.

An application offers it by `quick(method, url, headers)`: a way to answer, or None where only ASGI
will do. The way is called with the body and with a function that takes, at once or later, what
makes the reply, and its arguments; so that the client is told, too, if that fails.
"""

import asyncio
import logging
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import HEADER_VALUE_RE, STATUS_LINE

from accounts.problem import CONTENT_TYPE, problem
from tracking.page_views.reply import Reply
from tracking.reply import raw_headers

logger = logging.getLogger(__name__)

CLOSE = b"connection: close\r\n"
WHY = "The server failed. It has noted why. Try again later."
FAILED = Reply.of(500, problem(500, "error", WHY), CONTENT_TYPE)
FAILURES = (Exception, asyncio.CancelledError)


class Shortcut:
    """One request, in the place of uvicorn's RequestResponseCycle: with all of it that the protocol
    reads and writes."""

    def __init__(self, protocol, way):
        self._protocol, self._way = protocol, way
        self.body, self.more_body = bytearray(), True
        self.response_complete = self.disconnected = False
        self.keep_alive = True
        self.message_event = self

    def set(self):
        """As of an event: more of the body has come. It is waited for by nobody."""

    def finish_request(self):
        try:
            self._way(bytes(self.body), self.answer)
        except FAILURES as error:
            self.fail(error)

    def answer(self, make_reply, *arguments):
        try:
            self.tell(make_reply(*arguments))
        except FAILURES as error:
            self.fail(error)

    def fail(self, error):
        """Nobody is left waiting, as nobody is by uvicorn."""
        logger.error("A request failed on the short way.", exc_info=error)
        if self.response_complete:
            self._protocol.transport.close()
        else:
            self.tell(FAILED)

    def tell(self, reply):
        """`reply` has status, headers (all that are needed) and body."""
        transport = self._protocol.transport
        dated = [b"%s: %s\r\n" % pair for pair in self._protocol.server_state.default_headers]
        text = b"".join(
            [
                STATUS_LINE[reply.status],
                *dated,
                lines_of(tuple(reply.headers.items())),
                b"\r\n" if self.keep_alive else CLOSE + b"\r\n",
                reply.body,
            ]
        )
        self.response_complete = True
        if self.disconnected or transport.is_closing():
            return
        transport.write(text)
        if not self.keep_alive:
            transport.close()
        self._protocol.on_response_complete()


@lru_cache(64)  # nearly all replies have the same few
def lines_of(headers: tuple[tuple[str, str], ...]) -> bytes:
    raw = raw_headers(headers)
    if any(HEADER_VALUE_RE.search(value) for _, value in raw):  # one may be the client's own
        raise ValueError("Invalid HTTP header value.")
    return b"".join(b"%s: %s\r\n" % pair for pair in raw)
