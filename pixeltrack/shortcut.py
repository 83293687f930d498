"""Requests that the application answers without ASGI, which costs more than all that is done for a
page view: a task, an event, several calls with dictionaries, two writes.

An application offers it by `quick(method, url, headers, peer)`: a way to answer, or None where only
ASGI will do; `peer` is the address that the request came from. The way is called with the body and
with a function that takes, at once or later, what makes the reply, and its arguments; so that the
client is told, too, if that fails.
"""

import asyncio
import logging

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from accounts.problem import CONTENT_TYPE, problem
from tracking.page_views.reply import Reply

logger = logging.getLogger(__name__)

CLOSE = b"connection: close\r\n"
WHY = "The server failed. It has noted why. Try again later."
FAILED = Reply.of(500, problem(500, "error", WHY), CONTENT_TYPE)
FAILURES = (Exception, asyncio.CancelledError)
FLAGS = ("response_complete", "disconnected", "keep_alive")


class Unheard:
    """In the place of an event: more of the body has come, for which nobody waits."""

    def set(self):
        pass


class Shortcut:
    """One request, in the place of uvicorn's RequestResponseCycle: with all of it that the protocol
    reads and writes."""

    __slots__ = "_protocol", "_way", "body", "more_body", *FLAGS
    message_event = Unheard()

    def __init__(self, protocol, way):
        self._protocol, self._way = protocol, way
        self.body, self.more_body = b"", True
        self.response_complete = self.disconnected = False
        self.keep_alive = True

    def finish_request(self):
        # Let go of, with all that it has read: what comes next finds its place in the caches.
        way, self._way = self._way, None
        try:
            way(self.body, self.answer)
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
        """`reply` is a Reply."""
        transport = self._protocol.transport
        end = b"\r\n" if self.keep_alive else CLOSE + b"\r\n"
        dated = self._protocol.dated()
        text = b"".join((STATUS_LINE[reply.status], dated, reply.head, end, reply.body))
        self.response_complete = True
        if self.disconnected or transport.is_closing():
            return
        transport.write(text)
        if not self.keep_alive:
            transport.close()
        self._protocol.on_response_complete()
