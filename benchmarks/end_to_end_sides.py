"""Sides that share both cores, of which nobody has one for itself; and PixelTrack as one of them.

The peer is in `end_to_end_peer.py`: it needs packages that only `make bench` installs.
"""

from benchmarks.page_views_sides import cpu_seconds, family
from benchmarks.pixel_sides import PixelTrack, pin
from tests.services import Service

CORES = 2
BOTH = "0,1"


class Together:
    """What a side adds: its processes by name."""

    def services(self) -> dict[str, Service]:
        raise NotImplementedError

    def spread(self):
        """Over both cores, whatever they were held to before."""
        for service in self.services().values():
            pin(service, BOTH)

    def used(self) -> dict[str, float]:
        """Seconds of CPU so far, by process with its children."""
        return {
            name: sum(map(cpu_seconds, family(service)))
            for name, service in self.services().items()
        }


class Ours(Together, PixelTrack):
    """With two consumers, as docker-compose.yml has them: while one waits for the database, the
    other works."""

    SECOND = "second consumer"

    def __enter__(self):
        super().__enter__()
        self.spread()
        return self

    def start(self):
        super().start()
        self.stack.start_consumer(self.SECOND)

    def services(self) -> dict[str, Service]:
        ours = self.stack.services
        return {name: ours[name] for name in ("web", "consumer", self.SECOND, "redis")} | {
            "mariadbd": self.stack.mariadb
        }

    def used(self) -> dict[str, float]:
        """Both consumers as one."""
        used = super().used()
        used["consumer"] += used.pop(self.SECOND)
        return used

    def rest(self, whether: bool):
        """The consumer never does: it is what is measured."""
