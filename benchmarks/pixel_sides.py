"""Who answers pixels: PixelTrack and NGINX (pixel_peers.py has the peers). What answers has a core
of its own, and what keeps the openings shares the other one with the load generator."""

import json
import signal
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.page_views_sides import family
from tests.services import MariaDB, Service, bare_environment, find, free_port, listens
from tests.stack import Stack

SERVER_CORE, OTHER_CORE = "0", "1"
PIXELS_PER_CONTACT = 20
DRAIN_S = 1200.0  # for all openings of a run, on a slow machine
MAKE_PIXELS = """
from accounts.models import Team
from campaigns.models import Campaign, Contact, Pixel
from campaigns.models.schedule import ContactRow
from campaigns.token import make_token
from pathlib import Path

each = {each}
campaign = Campaign.objects.start(team=Team.objects.first(), name="All", pixels_per_contact=each)
group = campaign.groups.get()
for first in range(0, {contacts}, 5000):
    numbers = range(first, min(first + 5000, {contacts}))
    Contact.objects.schedule_many(
        [ContactRow(group, f"contact-{{number}}@example.com") for number in numbers]
    )
uuids = [*Pixel.objects.order_by("pk").values_list("uuid", flat=True)]
Path({tokens!r}).write_text("".join(make_token(uuid) + "\\n" for uuid in uuids))
answer = [uuid.hex for uuid in uuids]
"""
COUNT_OPENINGS = "from tracking.models import Opening; answer = Opening.objects.count()"
CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log {log};
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /p/ {{ empty_gif; }}
    }}
}}
"""


def pin(service: Service, core: str):
    """All threads of its processes."""
    for pid in family(service):
        subprocess.run(["taskset", "-acp", core, str(pid)], check=True, capture_output=True)


@dataclass(frozen=True)
class Tokens:
    """What addresses of pixels hold, in a file, one a line."""

    file: Path
    count: int

    @property
    def one(self) -> str:
        """The first."""
        with self.file.open() as lines:
            return next(lines).strip()


class Side:
    """One who answers; use it as a context. `url` is where, `web` what answers there."""

    name: str
    keeps = "nothing"
    looks_at_pixels = True
    picture = ("image/gif", b"GIF89a", 43)  # that it answers: type, beginning, and bytes
    sent = 0  # requests for new pixels so far
    url: str
    web: Service

    def __init__(self, folder: Path):
        self.folder = folder / type(self).__name__.lower()
        self.folder.mkdir()
        self._ending = ExitStack()

    def __enter__(self):
        try:
            self.start()
            pin(self.web, SERVER_CORE)
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(self, *exception):
        self._ending.close()

    def start(self):
        raise NotImplementedError

    def run(self, service: Service) -> Service:
        self._ending.callback(service.stop)
        return service.start()

    def tokens(self, made: Tokens) -> Tokens:
        """Those that it can read: PixelTrack's, unless it has a kind of its own."""
        return made

    def openings(self) -> int | None:
        """All that are kept by now; None where none are."""
        return None


class PixelTrack(Side):
    name, keeps = "PixelTrack", "a row in MariaDB, by way of Redis"

    def __init__(self, folder: Path, mariadb: MariaDB):
        super().__init__(folder)
        self.stack = Stack(self.folder, mariadb=mariadb, WEB_CONCURRENCY="1")
        self._rests = False

    def start(self):
        self._ending.callback(self.stack.stop)
        self.stack.start()
        self.url, self.web = self.stack.url, self.stack.services["web"]
        for name in ("redis", "consumer"):
            pin(self.stack.services[name], OTHER_CORE)
        self._ending.callback(self.rest, False)

    def make_pixels(self, count: int, tokens: Path) -> list[str]:
        """Their uuids; their tokens are put into the file."""
        contacts = -(-count // PIXELS_PER_CONTACT)
        return self.stack.shell(
            MAKE_PIXELS.format(each=PIXELS_PER_CONTACT, contacts=contacts, tokens=str(tokens))
        )

    def rest(self, whether: bool):
        """The consumer, which shares its core with the load generator, rests while that sends."""
        if whether != self._rests:
            self._rests = whether
            consumer = self.stack.services["consumer"].process
            consumer.send_signal(signal.SIGSTOP if whether else signal.SIGCONT)

    def openings(self) -> int:
        self.rest(False)
        pin(self.stack.services["consumer"], SERVER_CORE)  # which has nothing to answer any more
        self.stack.settle(within=DRAIN_S)
        return self.stack.shell(COUNT_OPENINGS)


class NGINX(Side):
    name, logs = "NGINX `empty_gif`", False
    looks_at_pixels = False

    def start(self):
        port = free_port()
        log = self.folder / "access.log" if self.logs else "off"
        configuration = self.folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=self.folder, log=log, port=port))
        command = [find("nginx"), "-p", self.folder, "-c", configuration]
        self.web = self.run(Service("nginx", command, self.folder, bare_environment()))
        self.web.wait_for(lambda: listens(port))
        self.url = f"http://127.0.0.1:{port}"


class NGINXWithLog(NGINX):
    name, keeps, logs = "NGINX `empty_gif` with access log", "a line in a file", True

    def openings(self) -> int:
        with (self.folder / "access.log").open("rb") as log:
            return sum(1 for _ in log)


def length_of_answer(text: bytes, picture: tuple[str, bytes, int]) -> int:
    """Of a whole answer to a pixel; an AssertionError where it is no such one."""
    head, _, body = text.partition(b"\r\n\r\n")
    kind, beginning, length = picture
    assert head.startswith(b"HTTP/1.1 200 "), text
    assert f"content-type: {kind}".encode() in head.lower(), text
    assert body.startswith(beginning), text
    assert len(body) == length, text
    return len(text)


def found_by_wrk(output: str) -> dict:
    line = next(line for line in output.splitlines() if line.startswith("FOUND "))
    return json.loads(line.removeprefix("FOUND "))
