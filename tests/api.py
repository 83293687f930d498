"""What the tests ask of a PixelTrack that runs, wherever it does."""

import json
import re
import secrets
from pathlib import Path

import httpx
import redis

from tests.services import PATIENCE, GaveUp, wait_until

ADMIN = "admin"
STREAM, VIEW_STREAM = STREAMS = "{hits:0}:stream", "{hits:0}:views"


class API:
    """What it needs of those that inherit from it."""

    client: httpx.Client
    spool: Path
    password = ""

    def manage(self, *arguments: str) -> str:
        """What `manage.py` prints."""
        raise NotImplementedError

    def connect_redis(self) -> redis.Redis:
        raise NotImplementedError

    # -- Django ----------------------------------------------------------------------------------
    def shell(self, code: str):
        """Run `code` in Django's shell; the value that it gives to `answer`, by way of JSON."""
        code += "\nimport json; print('ANSWER', json.dumps(answer))"
        printed = self.manage("shell", "--verbosity=0", "-c", code)
        return json.loads(re.search(r"^ANSWER (.*)$", printed, re.MULTILINE)[1])

    # -- The API ---------------------------------------------------------------------------------
    def token(self) -> str:
        who = {"username": ADMIN, "password": self.password}
        return self.post("/api/token/", who)["access"]

    def log_in(self):
        self.client.headers["Authorization"] = f"Bearer {self.token()}"

    def get(self, path: str, **parameters):
        reply = self.client.get(path, params=parameters or None)
        assert reply.status_code == 200, f"GET {path}: {reply.status_code} {reply.text[:500]}"
        return reply.json()

    def post(self, path: str, data):
        reply = self.client.post(path, json=data)
        assert reply.is_success, f"POST {path}: {reply.status_code} {reply.text[:500]}"
        return reply.json()

    def all(self, path: str, **parameters) -> list[dict]:
        """The results of every page of a list."""
        page = self.get(path, page_size=1000, **parameters)
        results = page["results"]
        while page["next"]:
            page = self.get(page["next"])
            results += page["results"]
        return results

    def openings(self, **filters) -> list[dict]:
        return self.all("/api/openings/", **filters)

    # -- Campaigns -------------------------------------------------------------------------------
    def new_mail(self, pixels: int) -> list[dict]:
        """The pixels, from top to bottom, of the one contact of a new campaign."""
        campaign = self.post(
            "/api/campaigns/", {"name": secrets.token_hex(8), "pixels_per_contact": pixels}
        )
        [group] = self.all("/api/groups/", campaign=campaign["id"])
        contact = self.post("/api/contacts/", {"group": group["id"], "email": "one@example.com"})
        mail = self.all("/api/pixels/", contact=contact["id"])
        assert len(mail) == pixels
        return sorted(mail, key=lambda pixel: pixel["number"])

    def new_campaign(self, contacts: int, pixels: int) -> tuple[int, list[dict]]:
        """A new campaign with many contacts: its id, and "url" and "contact" of each pixel."""
        return self.shell(f"""
from accounts.models import Team
from campaigns.models import Campaign, Contact, Pixel
from campaigns.models.schedule import ContactRow
campaign = Campaign.objects.start(
    team=Team.objects.first(), name={secrets.token_hex(8)!r}, pixels_per_contact={pixels}
)
group = campaign.groups.get()
Contact.objects.schedule_many(
    [ContactRow(group, f"contact-{{number}}@example.com") for number in range({contacts})]
)
pixels = Pixel.objects.filter(contact__group__campaign=campaign).order_by("pk")
answer = [campaign.pk, [{{"url": pixel.url, "contact": pixel.contact_id}} for pixel in pixels]]
""")

    # -- Hits ------------------------------------------------------------------------------------
    def settle(self, within=PATIENCE):
        """Wait until the consumer has dealt with every hit that was answered so far. On a busy
        machine some of them may be in the spool."""
        try:
            wait_until(lambda: not self.left(), within=within, what="streams and spool are empty")
        except GaveUp as problem:
            raise GaveUp(f"{problem}: {self.left()}") from None

    def left(self) -> list[str]:
        """What still waits, and where."""
        return self.waiting() + [path.name for path in self.spool.glob("*")]

    def waiting(self) -> list[str]:
        """In the streams."""
        with self.connect_redis() as connection:
            entries = {name: connection.xlen(name) for name in STREAMS}
        return [f"{count} in {name}" for name, count in entries.items() if count]
