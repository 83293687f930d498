import os
import shlex
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.template.defaultfilters import pluralize
from django.utils import timezone
from tqdm import tqdm

from accounts.models import Refusal
from campaigns import import_steps
from campaigns.import_file import Unreadable
from campaigns.import_row import BadCell, moment_of, refuse_unreadable
from campaigns.management.named import named_campaign, named_group
from campaigns.management.noted import Noted, signals_noted
from campaigns.models import ContactImport
from campaigns.models.contact_import import in_words
from campaigns.rejected_rows import RejectedRows
from campaigns.table import Csv

State = ContactImport.State
OPTIONS = ("campaign", "group", "scheduled_at", "create_groups", "reject_overlap", "dry_run")


class Command(BaseCommand):
    help = (
        "Take a file of contacts into a campaign. Ctrl-C pauses it, and --resume goes on; nothing "
        "comes twice. Ends with 1 where it failed, and with 128 and its number after a signal."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", nargs="?", help="CSV, JSON or JSON Lines; may be gzip or zip")
        parser.add_argument("--campaign", help="id or name")
        parser.add_argument("--group", help="id or name; where all rows go")
        parser.add_argument("--scheduled-at", help="for rows without one: 2026-03-01T08:00:00Z")
        parser.add_argument("--create-groups", action="store_true", help="that rows name")
        parser.add_argument(
            "--reject-overlap", action="store_true", help="addresses that another group has"
        )
        parser.add_argument("--dry-run", action="store_true", help="report, and take in nothing")
        parser.add_argument("--rejected", metavar="FILE.csv", help="write rejected rows there")
        parser.add_argument("--resume", metavar="ID", help="go on with an import that was paused")

    def handle(self, *, file, resume, rejected, **options):
        if (file is None) == (resume is None):
            raise CommandError("Name a file and --campaign, or --resume with an id.")
        refuse_empty(options | {"resume": resume, "rejected": rejected})
        if resume:
            refuse_changes(options)
        if rejected:
            refuse_place(rejected)
        with signals_noted() as noted:
            job = taken_up(resume) if resume else received(file, **options)
            self.work_at(job, noted, rejected)
        self.tell(job, rejected)
        if job.state == State.PAUSED:
            how = "Stopped" if noted.number else "Somebody has paused it"
            raise CommandError(
                f"{how}. All rows so far are kept; go on with:\n  {to_go_on(job, rejected)}",
                returncode=128 + noted.number if noted.number else 1,
            )
        if job.state != State.DONE:
            how = in_words(job.state)
            raise CommandError(f"Import {job.pk} {how}. {job.problem}".strip())

    def work_at(self, job: ContactImport, noted: Noted, rejected: str | None):
        def stop() -> bool:
            if noted.is_set():
                pause(job)  # before the lease goes, or a worker would have it
            return noted.is_set()

        try:
            with tqdm(unit="B", unit_scale=True, disable=None) as bar:
                import_steps.run(job, stop, lambda job: show(job, bar))
        except DatabaseError as error:
            raise CommandError(
                f"The database failed ({error}). A worker goes on with import {job.pk} when it "
                f"is back; or you:\n  {to_go_on(job, rejected)}"
            ) from None
        try:
            job.refresh_from_db()
        except ContactImport.DoesNotExist:
            raise CommandError(
                f"Import {job.pk} was deleted meanwhile, or its campaign. What it took in before "
                "is where it was, unless that went as well."
            ) from None

    def tell(self, job: ContactImport, rejected: str | None):
        tried = "Tried out: " if job.dry_run else ""
        self.stdout.write(
            f"{tried}{counted(job.rows, 'row')} in {job.seconds:.1f} s: {job.created:,} created, "
            f"{job.updated:,} updated, {job.unchanged:,} unchanged, {job.rejected:,} rejected; "
            f"{counted(job.noted, 'remark')}."
        )
        for remark in job.remarks:
            self.stdout.write(remark)
        if job.state == State.PAUSED:
            return  # whoever goes on is told of all of them
        if rejected:
            write_rejected(job, rejected)
            self.stdout.write(f"The rejected rows are in {rejected}.")
        elif job.rejected:
            self.stdout.write(
                f"Why they were rejected: /api/imports/{job.pk}/rejected.csv?reasons=1, or the "
                "admin. With --rejected FILE.csv this command writes it."
            )


# -- What is to be taken in ----------------------------------------------------------------------
def received(path: str, *, campaign, group, scheduled_at, **options) -> ContactImport:
    """A new import, the caller's. CommandError, before anything is stored, where it can't be."""
    if not campaign:
        raise CommandError("Name a campaign: --campaign with its id or name.")
    campaign = named_campaign(campaign)
    group = named_group(group, campaign) if group else None
    wanted = ("create_groups", "reject_overlap", "dry_run")
    with opened(path) as file:
        refuse(file)
        return ContactImport.objects.receive(
            file=file,
            name=Path(path).name,
            claimed=True,
            campaign=campaign,
            group=group,
            scheduled_at=scheduled_at and moment(scheduled_at),
            created_by="manage.py import_contacts",
            **{name: options[name] for name in wanted},
        )


def refuse_empty(options: dict):
    """CommandError for `--group "$UNSET"`, which would mean what nobody meant."""
    if empty := [f"--{name.replace('_', '-')}" for name, value in options.items() if value == ""]:
        raise CommandError(f"{', '.join(empty)}: nothing is given. Say what, or leave it out.")


def refuse_changes(options: dict):
    """CommandError where somebody who resumes an import says how it is to be done."""
    given = [f"--{name.replace('_', '-')}" for name in OPTIONS if options[name]]
    if given:
        raise CommandError(
            f"{', '.join(given)} can't be changed when an import is resumed: it goes on as it "
            "was begun. Leave out what you named, or send the file as a new import."
        )


def taken_up(wanted: str) -> ContactImport:
    """An import that was begun, from now on the caller's."""
    imports = ContactImport.objects.filter(pk=wanted) if wanted.isdecimal() else ()
    for job in imports:
        try:
            if job.state == State.PAUSED:
                job.resume(claimed=True)
                return job
            if claimed := imports.claim():
                return claimed
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from None
        held = ", and a worker is at it" if job.state in (State.WAITING, State.RUNNING) else ""
        if job.run_at > timezone.now():
            held = f" until {job.run_at:%Y-%m-%d %H:%M} UTC"
        how = f"{in_words(job.state)}{held}"
        raise CommandError(f"Import {job.pk} {how}: there is nothing to resume.")
    raise CommandError(f'There is no import "{wanted}".')


@contextmanager
def opened(path: str):
    """A Django File. CommandError where it can't be read, or is too large."""
    if Path(path).exists() and not Path(path).is_file():
        raise CommandError(f"{path} is no file.")
    try:
        with open(path, "rb") as file:
            yield File(file)
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.") from None


def refuse(file: File):
    """CommandError for what can be told to be of no use before it is read."""
    if file.size > settings.MAX_IMPORT_BYTES:
        raise CommandError(
            f"The file has {file.size:,} bytes, and MAX_IMPORT_BYTES allows "
            f"{settings.MAX_IMPORT_BYTES:,}. Send it in parts, or packed."
        )
    try:
        refuse_unreadable(file)
    except Unreadable as problem:
        raise CommandError(str(problem)) from None


def refuse_place(path: str):
    """CommandError where rejected rows can't be written at the end, or would replace a file, be
    it the very one that is to be taken in."""
    place = Path(path)
    if place.is_dir():
        raise CommandError(f"--rejected: {path} is a folder. Name a file in it.")
    if place.is_file() and place.stat().st_size:
        raise CommandError(
            f"--rejected: {path} is there already, and would be replaced. Name another file, or "
            "move that one away."
        )
    if not place.parent.is_dir():
        raise CommandError(f"--rejected: there is no folder {place.parent}. Make it first.")
    if not os.access(place if place.exists() else place.parent, os.W_OK):
        raise CommandError(f"--rejected: {path} can't be written. Name another file.")


def moment(text: str):
    try:
        return moment_of(text)
    except BadCell as bad:
        raise CommandError(f"--scheduled-at: {bad.detail}") from None


# -- While it goes on ------------------------------------------------------------------------------
def to_go_on(job: ContactImport, rejected: str | None) -> str:
    """The line for a shell that goes on with it, as this command was run."""
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    line = [str(python), sys.argv[0], "import_contacts", "--resume", str(job.pk)]
    return shlex.join([*line, "--rejected", rejected] if rejected else line)


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{pluralize(number)}"


def pause(job: ContactImport):
    with suppress(Refusal):  # cancelled by somebody else
        job.pause()


def show(job: ContactImport, bar: tqdm):
    bar.total = job.bytes_total
    bar.set_postfix_str(
        f"{job.rows_per_second:,.0f} rows/s, {job.created:,} created, {job.rejected:,} rejected",
        refresh=False,
    )
    bar.update(job.bytes_read - bar.n)


def write_rejected(job: ContactImport, path: str):
    try:
        # Since it was looked at, somebody may have made a file there, another import say.
        place = Path(path)
        mode = "w" if place.exists() and not (place.is_file() and place.stat().st_size) else "x"
        with open(path, mode, encoding="utf-8", newline="") as file:
            file.writelines(Csv(RejectedRows(job, reasons=True)).parts())
    except OSError as error:
        raise CommandError(
            f"{path} can't be written: {error.strerror}. The rejected rows are at "
            f"/api/imports/{job.pk}/rejected.csv?reasons=1 as well."
        ) from None
