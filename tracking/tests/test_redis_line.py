"""The line to Redis, held to a real Redis and to servers that say what no Redis should."""

import asyncio
import os
import select
import socket
import struct
import time
from contextlib import asynccontextmanager

import pytest
import uvloop
from django.conf import settings
from hiredis import Reader
from redis.asyncio import Redis
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    InvalidResponse,
    NoScriptError,
    ResponseError,
    TimeoutError,
)

from tracking.redis_line import Line
from tracking.way import GONE

QUESTION = ("ECHO", b"?")
PATIENCE_S = 10


def client_of(url: str, patience: float = PATIENCE_S) -> Redis:
    return Redis.from_url(url, socket_timeout=patience, socket_connect_timeout=PATIENCE_S)


@asynccontextmanager
async def line_to(client: Redis):
    line = await Line.dial(client)
    try:
        yield line
    finally:
        line.close()
        await client.aclose()


def hang_up(writer: asyncio.StreamWriter):
    writer.close()


def cut_off(writer: asyncio.StreamWriter):
    """As the system does for a process that is killed with a question unread."""
    with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def line_to_one_that_says(*packets: bytes, patience: float = PATIENCE_S, end=hang_up):
    """A line to a server that answers a question with these packets and then says nothing; where
    there are none, it hangs up."""

    async def serve(reader, writer):
        commands = Reader()
        while True:
            commands.feed(await reader.read(65536))
            said = list(iter(commands.gets, False))
            if said[-1][0] == b"ECHO":
                break
            writer.write(b"+OK\r\n" * len(said))  # to what a client says of itself
        for packet in packets:
            writer.write(packet)
            await writer.drain()
            await asyncio.sleep(0.01)  # or the packets are joined
        if packets:
            await reader.read()
        end(writer)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = client_of(f"redis://127.0.0.1:{port}?protocol=2", patience)
        async with line_to(client) as line:
            yield line


def run(test):
    return uvloop.run(test())


def test_replies_come_in_the_order_of_the_commands(redis_client):
    async def ask():
        async with line_to(client_of(settings.REDIS_STREAM_URL)) as line:
            first = await line.ask([("ECHO", b"\xff"), ("ECHO", "ü"), ("INCRBY", "n", 7)])
            return first, await line.ask([("INCR", "n")])

    assert run(ask) == ([b"\xff", "ü".encode(), 7], [8])


def test_a_question_may_be_large(redis_client):
    async def ask():
        async with line_to(client_of(settings.REDIS_STREAM_URL)) as line:
            return await line.ask([("ECHO", bytes(3_000_000)), ("ECHO", b"after it")])

    assert run(ask) == [bytes(3_000_000), b"after it"]


def test_a_refusal_is_raised_as_what_redis_py_would_raise(redis_client):
    async def ask():
        async with line_to(client_of(settings.REDIS_STREAM_URL)) as line:
            with pytest.raises(NoScriptError):
                await line.ask([("EVALSHA", "0" * 40, 0), ("ECHO", b"read as well")])
            with pytest.raises(ResponseError, match="unknown command"):
                await line.ask([("ECHO", b"x"), ("NONSENSE",)])
            return line.is_open, await line.ask([("ECHO", b"the next one")])

    assert run(ask) == (True, [b"the next one"])


def test_a_password_is_heeded(redis_client):
    async def ask():
        redis_client.execute_command("ACL SETUSER guest on >secret ~* &* +@all")
        try:
            scheme, _, place = settings.REDIS_STREAM_URL.partition("://")
            async with line_to(client_of(f"{scheme}://guest:secret@{place}")) as line:
                return await line.ask([("ACL", "WHOAMI")])
        finally:
            redis_client.execute_command("ACL DELUSER guest")

    assert run(ask) == [b"guest"]


@pytest.mark.parametrize(
    "packets",
    [(b"$5\r\nhello\r\n",), (b"$5\r", b"\nhel", b"lo\r\n"), (b">1\r\n+x\r\n", b"$5\r\nhello\r\n")],
)
def test_a_reply_may_come_in_pieces_and_after_what_nobody_asked_for(packets):
    async def ask():
        async with line_to_one_that_says(*packets) as line:
            return await line.ask([QUESTION])

    assert run(ask) == [b"hello"]


@pytest.mark.parametrize(
    ("packets", "error"),
    [
        ((), ConnectionError),
        ((b"?what\r\n",), InvalidResponse),
        ((b"+one\r\n+another\r\n",), InvalidResponse),
        ((b"-LOADING Redis is loading the dataset in memory\r\n",), BusyLoadingError),
    ],
)
def test_what_goes_wrong_is_told(packets, error):
    async def ask():
        async with line_to_one_that_says(*packets) as line:
            with pytest.raises(error):
                await line.ask([QUESTION])
            return line.is_open

    assert run(ask) == (error is BusyLoadingError)


@pytest.mark.parametrize("packets", [(b"$5\r\nhel",), (b"*1\r\n",)])
def test_a_reply_that_does_not_end_is_not_waited_for(packets):
    async def ask():
        async with line_to_one_that_says(*packets, patience=0.1) as line:
            with pytest.raises(TimeoutError):
                await line.ask([QUESTION])
            return line.is_open

    assert run(ask) is False


def test_replies_that_came_while_the_loop_was_held_up_are_not_late(redis_client):
    async def ask():
        async with line_to(client_of(settings.REDIS_STREAM_URL)) as line:
            line._patience = 0.01
            asking = asyncio.create_task(line.ask([QUESTION]))
            await asyncio.sleep(0)  # it is asked
            place = line._transport.get_extra_info("socket").fileno()
            select.select([place], [], [], PATIENCE_S)  # and answered
            time.sleep(2 * line._patience)
            return await asking, line.is_open

    assert run(ask) == ([b"?"], True)


def test_one_that_stops_waiting_leaves_no_reply_to_the_next(redis_client):
    async def ask():
        async with line_to(client_of(settings.REDIS_STREAM_URL)) as line:
            asking = asyncio.create_task(line.ask([("BLPOP", "nothing", 5)]))
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            return line.is_open

    assert run(ask) is False


def test_a_line_that_is_cut_off_is_told_as_a_redis_that_is_gone():
    async def ask():
        async with line_to_one_that_says(end=cut_off) as line:
            with pytest.raises(GONE) as told:
                await line.ask([QUESTION])
            return type(told.value.__cause__)

    assert run(ask) is ConnectionResetError


def test_a_line_that_was_idle_knows_that_redis_hung_up(redis_client):
    async def ask():
        async with line_to(client_of(settings.REDIS_STREAM_URL)) as line:
            [number] = await line.ask([("CLIENT", "ID")])
            redis_client.client_kill_filter(_id=number)
            async with asyncio.timeout(PATIENCE_S):
                while line.is_open:
                    await asyncio.sleep(0.001)

    run(ask)
