"""What the client has seen: its journal, read back."""

from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True)
class Answer:
    hit: int
    sent: float  # monotonic
    ms: float
    outcome: str  # in the web process' own words
    told: tuple[str, ...] = ()  # by `POST /track`: of each view its event id, "-" where refused

    @property
    def hits(self) -> int:
        """How many hits were taken in by it: a request of page views may have several."""
        return len([each for each in self.told if each != "-"]) if self.told else 1


@dataclass
class Journal:
    tries: int = 0
    tried: dict[int, str] = field(default_factory=dict)  # hit → X-Request-ID
    sent: dict[int, list[float]] = field(default_factory=dict)  # hit → when, of each try
    answers: list[Answer] = field(default_factory=list)
    killed: list[tuple[int, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "Journal":
        journal = cls()
        for line in path.read_text().splitlines():
            letter, number, moment, *rest = line.split(" ")
            number, moment = int(number), float(moment)
            if letter == "T":
                journal.tries += 1
                journal.tried[number] = rest[0]
                journal.sent.setdefault(number, []).append(moment)
            elif letter == "A":
                ms = float(rest[0])
                told = tuple(rest[2].split(",")) if len(rest) > 2 else ()
                journal.answers.append(Answer(number, moment - ms / 1000, ms, rest[1], told))
            elif letter == "K":
                journal.killed.append((number, moment))
            else:
                journal.wrong.append(line)
        return journal

    def moved(self, by: int) -> "Journal":
        """The same with other numbers of the hits."""
        return Journal(
            self.tries,
            {number + by: request_id for number, request_id in self.tried.items()},
            {number + by: times for number, times in self.sent.items()},
            [replace(answer, hit=answer.hit + by) for answer in self.answers],
            [(number + by, moment) for number, moment in self.killed],
            self.wrong,
        )

    @property
    def hits(self) -> int:
        """How many hits were answered as taken in."""
        return sum(answer.hits for answer in self.answers)

    @property
    def answered(self) -> set[int]:
        return {answer.hit for answer in self.answers}

    @property
    def ambiguous(self) -> set[int]:
        """Sent, and nobody knows whether they arrived."""
        return self.tried.keys() - self.answered


def event_id(request_id: str, pixel: UUID) -> UUID:
    """What PixelTrack is to make of a proxy's X-Request-ID; written anew, to hold it to that."""
    return derived_id(request_id, pixel.bytes)


def derived_id(request_id: str, what: bytes) -> UUID:
    digest = blake2b(request_id.encode() + what, digest_size=16).digest()
    return UUID(bytes=digest, version=5)
