"""Requests that the application answers without ASGI, which costs more than all that is done for a
page view: a task, an event, several calls with dictionaries, two writes.

An application offers it by `quick(method, url, headers)`: a way to answer, or None where only ASGI
will do. The way is called with the body and with what takes the reply, at once or later.
"""

from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import HEADER_VALUE_RE, STATUS_LINE

CLOSE = b"connection: close\r\n"


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
        self._way(bytes(self.body), self.answer)

    def answer(self, reply):
        """`reply` has status, headers (all that are needed) and body."""
        transport = self._protocol.transport
        self.response_complete = True
        if self.disconnected or transport.is_closing():
            return
        dated = [b"%s: %s\r\n" % pair for pair in self._protocol.server_state.default_headers]
        transport.write(
            b"".join(
                [
                    STATUS_LINE[reply.status],
                    *dated,
                    lines_of(tuple(reply.headers.items())),
                    b"\r\n" if self.keep_alive else CLOSE + b"\r\n",
                    reply.body,
                ]
            )
        )
        if not self.keep_alive:
            transport.close()
        self._protocol.on_response_complete()


@lru_cache(64)  # nearly all replies have the same few
def lines_of(headers: tuple[tuple[str, str], ...]) -> bytes:
    lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    if any(HEADER_VALUE_RE.search(value) for _, value in lines):  # one may be the client's own
        raise ValueError("Invalid HTTP header value.")
    return b"".join(b"%s: %s\r\n" % line for line in lines)
