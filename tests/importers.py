"""Workers and beats as docker-compose.yml runs them, two of each, which may be killed."""

import random
import time
from contextlib import suppress
from pathlib import Path

import httpx

from tests.compose import command_of
from tests.contact_list import PIXELS, ContactList
from tests.memory import most_memory
from tests.services import PATIENCE, Service, wait_until
from tests.stack import Stack

WORKERS, BEATS = ("worker-1", "worker-2"), ("beat-1", "beat-2")
REDIS = "redis"


class Importers:
    """On the Redis and database of a stack. `application`: what the workers run."""

    def __init__(self, stack: Stack, folder: Path, application="pixeltrack", **environment: str):
        self.stack, self.folder = stack, folder
        self.application, self.environment = application, stack.environment | environment
        self.services: dict[str, Service] = {}

    def start(self, *names: str) -> "Importers":
        for name in names:
            if name in BEATS:  # each keeps its own notes of when it did what
                command = [*command_of("beat"), "--schedule", str(self.folder / name)]
            else:
                command = [*command_of("worker"), "--hostname", f"{name}@%h"]
                command[command.index("-A") + 1] = self.application
            service = Service(name, command, self.folder, self.environment)
            self.services[name] = service.start()
        return self

    def start_all(self) -> "Importers":
        return self.start(*WORKERS, *BEATS)

    def kill(self, name: str):
        """As by `kill -9`, and what it has started with it."""
        (self.stack.redis if name == REDIS else self.services[name]).kill()

    def wait_until_dead(self, name: str, within=PATIENCE):
        process = self.services[name].process
        wait_until(lambda: process.poll() is not None, within=within, what=f"{name} dies")

    def restart(self, name: str):
        if name == REDIS:
            self.stack.redis.start()
        else:
            self.start(name)

    def __enter__(self) -> "Importers":
        return self

    def __exit__(self, *exception):
        self.stop()

    def stop(self):
        """At once: none of them has anything to lose."""
        for service in self.services.values():
            service.kill()

    def most_memory(self, name: str) -> int:
        return most_memory(self.services[name].process.pid)

    # -- Imports ---------------------------------------------------------------------------------
    def send(self, contacts: ContactList, name: str) -> "Import":
        """By the API, into a campaign of its own."""
        path = contacts.write(self.folder / f"{name}.csv")
        campaign = self.stack.post("/api/campaigns/", {"name": name, "pixels_per_contact": PIXELS})
        with path.open("rb") as file:
            reply = self.stack.client.post(
                "/api/imports/", data={"campaign": campaign["id"]}, files={"file": file}
            )
        path.unlink()
        assert reply.status_code == 201, reply.text
        return Import(self.stack, reply.json()["id"], campaign["id"], contacts)


class Import:
    def __init__(self, stack: Stack, pk: int, campaign: int, contacts: ContactList):
        self.stack, self.pk, self.campaign, self.contacts = stack, pk, campaign, contacts
        self.url = f"/api/imports/{pk}/"
        self.rows, self.known_state = 0, "waiting"
        self.moved, self.longest_rest = time.monotonic(), 0.0  # seconds without another row

    def told(self) -> dict:
        return self.stack.get(self.url)

    def look(self):
        """What it is by now; nothing is heard of it, perhaps, while Redis is away."""
        with suppress(AssertionError, httpx.HTTPError):
            told, now = self.told(), time.monotonic()
            if told["rows"] != self.rows:
                self.longest_rest = max(self.longest_rest, now - self.moved)
                self.moved = now
            self.rows, self.known_state = told["rows"], told["state"]

    def wait(self, state="done", within=PATIENCE, every=0.1, show=lambda job: None):
        """`show(job)` is called again and again meanwhile, as in `wait_for_row`."""

        def has_come() -> bool:
            self.look()
            show(self)
            return self.known_state == state

        wait_until(has_come, within=within, what=f"the import is {state}", every=every)

    def wait_for_row(self, row: int, within=PATIENCE, every=0.02, show=lambda job: None):
        def has_come() -> bool:
            self.look()
            show(self)
            return self.rows >= row

        wait_until(has_come, within=within, what=f"row {row:,} is taken in", every=every)

    def do(self, verb: str):
        self.stack.post(f"{self.url}{verb}/", {})

    def state(self) -> dict:
        return self.stack.shell(
            "from tests.import_state import state_of\n"
            f"answer = state_of({self.pk}, {self.contacts.bad})"
        )


class Kills:
    """Kills of random processes at random places of an import; each is started again at once."""

    def __init__(self, seed: int, number: int, rows: int):
        """Each process is killed, if there are as many kills; the last one within 9 rows in 10."""
        dice = random.Random(f"kills {seed}")
        everybody = [*WORKERS, *BEATS, REDIS]
        names = [*everybody, *dice.choices([*WORKERS, *BEATS, REDIS], k=number)][:number]
        dice.shuffle(names)
        places = sorted(dice.randrange(1, rows * 9 // 10) for _ in names)
        self.planned = list(zip(places, names, strict=True))
        self.log: list[tuple[str, int]] = []  # who was killed, and how far the import was

    def execute(self, importers: Importers, job: Import, **waiting):
        """Returns when the last one has been killed; `waiting`: see `Import.wait_for_row`."""
        for place, name in self.planned:
            job.wait_for_row(place, **waiting)
            importers.kill(name)
            self.log.append((name, job.rows))
            importers.restart(name)
