"""The merge file of a large campaign, read as a mail provider would, and some of its pixels."""

import csv
import random
import time
from collections.abc import Iterator

import httpx
from tqdm import tqdm

from tests.contact_list import PIXELS
from tests.importers import Import
from tests.memory import forget_most_memory, most_memory, only_web_worker
from tests.stack import Stack

SAMPLE = 1_000


class MergeFileRun:
    def __init__(self, stack: Stack, job: Import, seed: int):
        self.stack, self.job = stack, job
        self.dice = random.Random(f"sample {seed}")
        self.rows = self.bytes = self.seconds = self.before = self.most = self.live = 0
        self.sample: list[tuple[str, int, str]] = []  # (address, number of the pixel, its own)
        self.problems: list[str] = []

    def read(self):
        """All of it, at once, from the only web process, whose memory is watched."""
        web = only_web_worker(self.stack)
        forget_most_memory(web)
        self.before, began = most_memory(web), time.monotonic()
        url = f"/api/campaigns/{self.job.campaign}/pixels.csv"
        with self.stack.client.stream("GET", url, timeout=120) as reply:
            for row in csv.DictReader(self.lines(reply)):
                self.take(row)
        self.seconds, self.most = time.monotonic() - began, most_memory(web)
        expected = self.job.contacts.outcome()["contacts"]
        if self.rows != expected:
            self.problems.append(f"merge file: {self.rows} rows and not {expected}")

    def lines(self, reply: httpx.Response) -> Iterator[str]:
        with tqdm(desc="merge file", unit="B", unit_scale=True) as bar:
            for line in reply.iter_lines():
                bar.update(len(line) + 2)
                yield line
            self.bytes = reply.num_bytes_downloaded

    def take(self, row: dict[str, str]):
        """Count the row, and keep each pixel of the file in the sample with the same chance."""
        for number in range(1, PIXELS + 1):
            seen = self.rows * PIXELS + number
            place = len(self.sample) if seen <= SAMPLE else self.dice.randrange(seen)
            if place < SAMPLE:
                pixel = (row["email"], number, row[f"pixel_{number}_url"])
                self.sample[place : place + 1] = [pixel]
        self.rows += 1

    def fetch(self):
        """Fetch the sample: each must count as an opening of that contact by that pixel."""
        for _, _, url in tqdm(self.sample, desc="pixels", unit=" pixels"):
            reply = self.stack.client.get(url, headers={"Authorization": "", "User-Agent": "Proof"})
            self.live += reply.headers.get("X-Pixel-Outcome") == "stored"
        self.stack.settle()
        counted = self.stack.shell(f"""
from campaigns.models import Group
from tracking.models import Opening
groups = list(Group.objects.filter(campaign={self.job.campaign}).values_list("pk", flat=True))
openings = Opening.objects.filter(group__in=groups)
answer = list(openings.values_list("contact__email", "pixel__contact__email", "pixel__number"))
""")
        expected = [[email, email, number] for email, number, _ in self.sample]
        if sorted(counted) != sorted(expected) or self.live != len(self.sample):
            self.problems.append(
                f"merge file: of {len(self.sample)} pixels {self.live} were stored, and "
                f"{len(counted)} counted"
            )
