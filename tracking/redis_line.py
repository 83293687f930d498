"""A connection to Redis for an event loop, without streams, locks and pools: what those do for each
reply takes longer than all else that is done for a group of hits.

redis-py makes the connection, with all that an address may ask for (TLS, a password, a socket);
from then on it is read and written here.
"""

import asyncio
from collections.abc import Sequence

from hiredis import PushNotification, Reader, pack_command
from redis._parsers.base import BaseParser
from redis.asyncio import Connection
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import InvalidResponse, TimeoutError

INCOMPLETE = object()


class Line(asyncio.Protocol):
    """One question at a time. After whatever fails it is closed for good."""

    def __init__(self, connection: Connection):
        self._patience = connection.socket_timeout  # seconds, for all replies to a question
        self._reader = Reader(
            protocolError=InvalidResponse,
            replyError=BaseParser.parse_error,
            notEnoughData=INCOMPLETE,
        )
        self._replied: asyncio.Future | None = None
        self._replies: list = []
        self._wanted = 0
        self._writer = writer_of(connection)  # whose end would be that of the transport
        self._transport: asyncio.Transport | None = self._writer.transport
        self._transport.set_protocol(self)

    @classmethod
    async def dial(cls, client: AsyncRedis) -> "Line":
        """To the Redis of a client. Raises RedisError or OSError."""
        connection = client.connection_pool.make_connection()
        await connection.connect()
        return cls(connection)

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    async def ask(self, commands: Sequence[tuple]) -> list:
        """The replies to all commands. Raises the first refusal among them; RedisError or OSError
        where not all come, or not in time."""
        loop = asyncio.get_running_loop()
        self._replied, self._replies, self._wanted = loop.create_future(), [], len(commands)
        patience = loop.call_later(self._patience, self._wait_no_longer)
        try:
            self._transport.write(b"".join(map(pack_command, commands)))
            replies = await self._replied
        except BaseException:
            self.close()  # what is still to come would be taken for the next reply
            raise
        finally:
            patience.cancel()
            self._replied = None
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        return replies

    def close(self):
        if self._transport:
            self._transport.abort()
            self._transport = None

    # -- What the event loop tells -----------------------------------------------------------------
    def data_received(self, data: bytes):
        try:
            self._read(data)
        except Exception as problem:
            self._fail(problem)

    def _read(self, data: bytes):
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not INCOMPLETE:
            if isinstance(reply, PushNotification):
                continue
            if len(self._replies) == self._wanted:
                raise InvalidResponse("Redis says more than it was asked.")
            self._replies.append(reply)
        if self._replied and len(self._replies) == self._wanted and not self._replied.done():
            self._replied.set_result(self._replies)

    def connection_lost(self, exception: Exception | None):
        """However it ended, it is told as what a Redis that is gone is known by."""
        lost = ConnectionLost("The connection to Redis has ended.")
        lost.__cause__ = exception
        self._fail(lost)

    def _wait_no_longer(self):
        """Unless all is here: a loop that was held up learns of both in the same turn."""
        if not self._replied.done():
            self._fail(TimeoutError("Redis is slow."))

    def _fail(self, problem: Exception):
        self.close()
        if self._replied and not self._replied.done():
            self._replied.set_exception(problem)


def writer_of(connection: Connection) -> asyncio.StreamWriter:
    """Taken from it, so that nobody else reads there or closes it. redis-py offers no way."""
    writer = connection._writer
    connection._reader = connection._writer = None
    return writer
