"""What a contact import does in the background: chunks of rows, each a short transaction.

Whoever holds the lease of an import reads its file. A chunk renews the lease, takes rows in with
their pixels, reports what is wrong with them and notes where to go on, all or nothing. So a
worker that is killed at any point loses nothing, and takes nothing in twice; two workers are
harmless.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import islice

from django.conf import settings

from accounts.collector import what_is_there_frozen
from accounts.retry import is_unavailable
from campaigns.import_check import ImportCheck
from campaigns.import_chunk import ImportChunk, LostLease, Overlaps
from campaigns.import_file import BadRecord, Facts, Reader, Record, Unreadable, examine
from campaigns.import_row import refuse_columns
from campaigns.models import ContactImport
from campaigns.models.contact_import import OUR_FAULT

logger = logging.getLogger(__name__)

CHUNK = 500  # rows of one transaction
CHUNK_BYTES = 4 * 1024 * 1024  # or fewer rows, where they are long


def never() -> bool:
    return False


class Stopped(Exception):
    """This worker is to end; another one goes on."""


def work(stop: Callable[[], bool] = never):
    """Take in what is due, until nothing is left or `stop()` says so."""
    while not stop() and (job := ContactImport.objects.claim()):
        run(job, stop)


def run(
    job: ContactImport,
    stop: Callable[[], bool] = never,
    watch: Callable[[ContactImport], None] = lambda job: None,
):
    """Take in an import whose lease the caller holds. `watch(job)` is called after each chunk.

    A file that can't be read makes it fail. Trouble of the database is raised, and the import
    is due again.
    """
    try:
        if not job.file:
            raise FileNotFoundError
        with job.file.open("rb") as file, what_is_there_frozen():
            ImportRun(job, file, stop, watch).take_in()
    except FileNotFoundError:
        job.fail("The file is not there any more. Send it again, as a new import.")
    except Unreadable as problem:
        job.fail(problem)
    except (LostLease, Stopped):
        pass
    except Exception as error:
        if not is_unavailable(error):
            # Again and again it would be the same, and nobody would be told.
            job.fail(OUR_FAULT)
        raise
    finally:
        job.release()


class ImportRun:
    """One worker's run through the file of an import, from its beginning or on from where
    another one came to."""

    def __init__(self, job: ContactImport, file, stop, watch):
        self.job, self.file, self.stop, self.watch = job, file, stop, watch

    def take_in(self):
        facts = self.facts()
        refuse_columns(facts.columns)
        reader = Reader(self.file, facts, alive=self.stay)
        records = iter(reader)
        with ImportCheck(self.job) as check:
            overlaps = Overlaps(self.job, check.groups)
            self.catch_up(records, check)
            began = time.monotonic()
            for chunk in chunks(records, lambda: reader.read):
                rows = overlaps.mark(check(chunk))
                self.go_on()
                ImportChunk(self.job, rows).take_in(reader.read, began)
                check.forget_rejected(chunk)
                began = time.monotonic()
                self.watch(self.job)
        self.job.finish()

    def facts(self) -> Facts:
        """What the file is; found out once."""
        if not self.job.facts:
            facts = examine(self.file, settings.MAX_IMPORT_UNPACKED_BYTES, alive=self.stay)
            self.job.begin(asdict(facts), facts.size)
            self.file.seek(0)
        return Facts(**self.job.facts)

    def go_on(self):
        if self.stop():
            raise Stopped

    def stay(self):
        """Renew the lease, where there is no transaction that does."""
        self.go_on()
        if not self.job.hold():
            raise LostLease

    def catch_up(self, records: Iterator[Record | BadRecord], check: ImportCheck):
        """Pass over the rows that were taken in before, and remember their addresses."""
        for chunk in chunks(islice(records, self.job.rows)):
            self.stay()
            check(chunk)
            check.forget_rejected(chunk)


def chunks(records: Iterable, read: Callable[[], int] = lambda: 0) -> Iterator[list]:
    """Some records at a time, fewer where they are long, by the bytes that were `read` for them;
    also those that came before an Unreadable."""
    chunk, begun = [], read()
    try:
        for record in records:
            chunk.append(record)
            if len(chunk) == CHUNK or read() - begun > CHUNK_BYTES:
                yield chunk
                chunk, begun = [], read()
    except Unreadable:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk
