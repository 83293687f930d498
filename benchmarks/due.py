"""Requests for new pixels at a steady rate; the time of each counts from when it was due."""

import base64
import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.due_client import PATIENCE_S
from tests.ledger.report import quantile
from tests.services import ROOT, bare_environment
from tests.stack import Stack
from tests.wire import exchange, request
from tracking.reply import GIF

START_S = 60.0  # of the client, on a slow machine


@dataclass(frozen=True)
class Answers:
    """To requests that were due at a rate; ms."""

    rate: float
    seconds: float
    times: list[float]  # since it was due
    late: list[float]  # how long after that a request left the client
    cpu: float  # seconds, of the client
    problems: list[str]

    def time(self, share: float) -> float:
        return quantile(self.times, share)


class Pixels:
    """New ones of a stack, by the tokens in a file: one a line, each for one request."""

    def __init__(self, stack: Stack, tokens: Path, readers: int, connections: int):
        self.stack, self.tokens, self.folder = stack, tokens, tokens.parent
        self.readers, self.connections = readers, connections
        with tokens.open() as lines:
            path = f"/p/{next(lines).strip()}.gif"
        self.answer = exchange(stack.url, request("GET", path))
        assert self.answer.startswith(b"HTTP/1.1 200 "), self.answer
        assert self.answer.endswith(b"\r\n\r\n" + GIF), self.answer
        self.asked = self.acknowledged = 1

    def send(self, rate: float, seconds: float) -> Answers:
        plan, found, count = self.folder / "plan", self.folder / "found", int(rate * seconds)
        plan.write_text(
            json.dumps({
                "port": self.stack.port,
                "tokens": str(self.tokens),
                "first": self.asked,
                "count": count,
                "rate": rate,
                "connections": self.connections,
                "answer": base64.b64encode(self.answer).decode(),
                "readers": self.readers,
            })
        )  # fmt: skip
        before = cpu_of_ended()
        subprocess.run(
            [sys.executable, "-m", "benchmarks.due_client", plan, found],
            env=bare_environment(DJANGO_SETTINGS_MODULE="none"),
            cwd=ROOT,
            check=True,
            timeout=START_S + seconds + PATIENCE_S,
        )
        told = json.loads(found.read_text())
        self.asked += count
        self.acknowledged += len(told["times"])
        problems = [f"an answer was not the right one: {answer}" for answer in told["wrong"]]
        if told["unanswered"]:
            problems.append(f"{told['unanswered']} of {count} requests had no answer")
        cpu = cpu_of_ended() - before
        return Answers(rate, seconds, told["times"], told["late"], cpu, problems)


def cpu_of_ended() -> float:
    """Seconds that processes which were started here, and have ended, have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
