"""The instruments of benchmarks/busy.py and soak.py: what they must notice."""

import asyncio
import time
from contextlib import contextmanager
from threading import Thread
from types import SimpleNamespace

import pytest

from benchmarks.due import Pixels
from benchmarks.soak_memory import Memory, Sample, is_flat
from tests.memory import MEGABYTE
from tests.services import free_port
from tracking.reply import GIF

ANSWER = (
    b"HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 09:00:00 GMT\r\nContent-Type: image/gif\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(GIF), GIF)
)
STALL_S, SLOW_MS = 0.4, 100


class Server:
    """Answers everything, by `answer(number)`."""

    def __init__(self, answer):
        self.port, self.number, self.answer = free_port(), 0, answer
        self.url = f"http://127.0.0.1:{self.port}"

    async def serve(self, reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.number += 1
                writer.write(self.answer(self.number))
        except asyncio.IncompleteReadError:
            writer.close()


@contextmanager
def serving(answer):
    # In a thread of its own from the beginning: a browser's loop may be running in this one.
    server, loop = Server(answer), asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        listening = asyncio.start_server(server.serve, "127.0.0.1", server.port)
        asyncio.run_coroutine_threadsafe(listening, loop).result()
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def send(folder, answer, connections=2):
    tokens = folder / "tokens"
    tokens.write_text("".join(f"token-{number}\n" for number in range(100)))
    with serving(answer) as server:
        pixels = Pixels(server, tokens, readers=0, connections=connections)
        return pixels, pixels.send(rate=80, seconds=1)


def test_each_request_that_a_stall_has_held_back_is_late(tmp_path):
    def stalls(number):
        if number == 20:
            time.sleep(STALL_S)
        return ANSWER

    pixels, answers = send(tmp_path, stalls)
    assert not answers.problems
    assert len(answers.times) == 80
    assert pixels.acknowledged == 81
    # 32 were due meanwhile, but for two all of them had not left yet.
    assert len([ms for ms in answers.times if ms > SLOW_MS]) >= 20
    assert answers.time(1) >= STALL_S * 1000


@pytest.mark.parametrize(
    "wrong", [ANSWER.replace(b"image/gif", b"text/html"), ANSWER[:-1] + b".", b"-" + ANSWER]
)
def test_a_wrong_answer_is_told(tmp_path, wrong):
    _, answers = send(tmp_path, lambda number: wrong if number == 20 else ANSWER)
    assert answers.problems
    assert all(
        problem.startswith("an answer was not the right one") for problem in answers.problems
    )


def test_only_the_date_may_differ(tmp_path):
    later = ANSWER.replace(b"09:00:00", b"09:00:01")
    _, answers = send(tmp_path, lambda number: later if number > 20 else ANSWER)
    assert not answers.problems


def test_memory_is_flat_up_to_five_megabytes_or_a_twentieth():
    assert is_flat(20 * MEGABYTE, 25 * MEGABYTE)
    assert not is_flat(20 * MEGABYTE, 26 * MEGABYTE)
    assert is_flat(200 * MEGABYTE, 210 * MEGABYTE)
    assert not is_flat(200 * MEGABYTE, 211 * MEGABYTE)


def test_the_last_third_is_held_against_the_middle_one():
    samples = [Sample(at, {"web": held}, 0, 0) for at, held in enumerate([99, 99, 5, 6, 7, 8])]
    memory = SimpleNamespace(seconds=6, samples=samples)
    assert Memory.thirds(memory, lambda sample: sample.pss["web"]) == (5.5, 7.5)
