"""The Celery application, whose worker stops or dies in the middle of a contact import:

    celery -A tests.faults.importer worker

    importer-in-chunk       it dies when a chunk is written and not committed, or
    importer-after-chunk    when it is committed
    importer-stays          it stays there, after a chunk, and says which import it is at

A point is armed with the id of an import and a number of rows; it is reached when the import has
come so far. Chunks are small, so that there are many, and a lease is short.
"""

import os
from datetime import timedelta

import django

from pixeltrack.celery import app
from tests.faults.points import FOLDER, Points

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
django.setup()

from campaigns import import_steps  # noqa: E402
from campaigns.import_chunk import ImportChunk  # noqa: E402
from campaigns.models import ContactImport, leased  # noqa: E402

__all__ = ["app"]

points = Points(os.environ[FOLDER])
import_steps.CHUNK = 50
leased.LEASE = timedelta(seconds=2)  # so that a test waits for little


def is_armed(point: str, job: ContactImport, rows: int) -> bool:
    return points.text(point) == f"{job.pk} {rows}"


advance, take_in = ContactImport.advance, ImportChunk.take_in


def advance_and_die(job, bytes_read, seconds, counts):
    advance(job, bytes_read, seconds, counts)
    if is_armed("importer-in-chunk", job, job.rows + counts["rows"]):
        points.die_at("importer-in-chunk")


def take_in_and_stay_or_die(chunk, *arguments):
    take_in(chunk, *arguments)
    if is_armed("importer-after-chunk", chunk.job, chunk.job.rows):
        points.die_at("importer-after-chunk")
    if is_armed("importer-stays", chunk.job, chunk.job.rows):
        points.stay_at("importer-stays")


ContactImport.advance = advance_and_die
ImportChunk.take_in = take_in_and_stay_or_die
