"""The reference's design on the same two cores."""

from benchmarks.end_to_end_sides import Together
from benchmarks.pixel_peers import Reference
from tests.services import Service


class Peer(Together, Reference):
    # A process on each core: with one it would leave half of a core to nobody.
    command = Reference.command + " --workers 2"

    def __enter__(self):
        super().__enter__()
        self.spread()
        return self

    def services(self) -> dict[str, Service]:
        return {"web": self.web, "redis": self.redis, "mariadbd": self.mariadb}

    def run(self, service: Service) -> Service:
        if service.name == "redis":
            self.redis = service
        return super().run(service)
