from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Refusal
from campaigns.models.campaign import Campaign, Group
from campaigns.models.leased import Leased, LeasedQuerySet, new_lease
from campaigns.own_columns import is_ours

NAME_LENGTH = 200
FOLDER = "imports"
READ_AS_LATIN_1 = (
    "The file is not in UTF-8, so it was read as Latin-1 (Windows-1252). Where letters look wrong, "
    "save it as UTF-8 and send it again."
)
OUR_FAULT = "PixelTrack itself failed at it; the worker's log says where."
NO_ROWS = "The file has no rows, so there was nothing to take in. Look whether it is the right one."


def in_words(state: str) -> str:
    """What a sentence says of an import in this state: `is paused`, `has failed` …"""
    return "has failed" if state == ContactImport.State.FAILED else f"is {state}"


class WrongState(Refusal):
    """The import is not in a state in which this can be done to it."""

    code = "wrong_state"

    def __init__(self, verb: str, state: str):
        self.sentence = f"This import {in_words(state)}, so it can't be {verb}."


class NoTrial(Refusal):
    code = "wrong_state"
    sentence = "Only a dry run that is done can be run for real."


class NoFile(Refusal):
    code = "no_file"
    sentence = "The file of this import is deleted by now. Send it again, as a new import."


class AlreadyRun(NoFile):
    code = "already_run"

    def __init__(self, pk: int):
        self.sentence = f"Its file was taken over by import {pk}. Look there what becomes of it."


def stored_as(contact_import, name: str) -> str:
    """Where a file is stored: by a name of ours. What people call it may be anything."""
    return f"{FOLDER}/{uuid4().hex}"


def remove_strays():
    """Delete stored files that no import knows, and what is left of uploads whose web process was
    killed, a day after they came: until then, their import may just be being made."""
    storage = ContactImport._meta.get_field("file").storage
    folders = [folder for folder in ("", FOLDER) if storage.exists(folder)]
    paths = [Path(folder, name) for folder in folders for name in storage.listdir(folder)[1]]
    for path in map(str, paths):
        old = storage.get_modified_time(path) < timezone.now() - timedelta(days=1)
        if old and not ContactImport.objects.filter(file=path).exists():
            storage.delete(path)


class ContactImportQuerySet(LeasedQuerySet):
    def of(self, user) -> "ContactImportQuerySet":
        """Those of the user's teams; an import whose campaign is being removed is out of sight."""
        campaigns = Campaign.objects.of(user)
        return self.filter(campaign__in=campaigns).filter(
            models.Q(group=None) | models.Q(group__removal=None)
        )

    def due(self):
        return super().due().filter(run_at__lte=timezone.now())

    def receive(self, *, file, name: str = "", claimed=False, **fields) -> "ContactImport":
        """Store a file of contacts (a Django File), to be taken in when its time has come; or, if
        `claimed`, by the caller, whose it is before a worker sees it."""
        name = (name or Path(file.name or "").name)[:NAME_LENGTH]
        received = self.model(name=name, size=file.size, **fields)
        received.file.save(name, file, save=False)  # takes its time, and a lease is short
        for field, value in (new_lease() if claimed else {}).items():
            setattr(received, field, value)
        received.save(force_insert=True)
        return received

    def forget_old(self):
        """Of those that ended IMPORT_KEEP_DAYS ago, only the figures stay. Files that no import
        knows, because storing one was broken off, go as well."""
        ended = timezone.now() - timedelta(days=settings.IMPORT_KEEP_DAYS)
        for old in self.filter(state__in=ContactImport.ENDED, finished_at__lt=ended):
            old.forget()
        remove_strays()

    def cancel(self):
        """Stop these, whatever they are at; what they have taken in stays."""
        self.filter(state__in=ContactImport.STOPPABLE).update(
            state=ContactImport.State.CANCELLED, finished_at=timezone.now()
        )


class ContactImport(Leased):
    """A list of contacts to take into a campaign, in the background, from `run_at` on.

    Whichever worker holds the lease takes its rows in, some at a time, each time in one
    transaction with the place where to go on (campaigns/import_steps.py). States: `waiting`,
    `running` (perhaps resting), `paused`, and at the end `done`, `failed` (the file can't be
    read) or `cancelled`.
    """

    class State(models.TextChoices):
        WAITING = Leased.WAITING
        RUNNING = Leased.RUNNING
        PAUSED = "paused"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ENDED = (State.DONE, State.FAILED, State.CANCELLED)
    STOPPABLE = (State.WAITING, State.RUNNING, State.PAUSED, State.FAILED)

    # Both go by their removal, which takes imports and what they report first, in steps.
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="imports")
    group = models.ForeignKey(
        Group,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="imports",
        help_text="Where all rows go. Without it, each row names its group.",
    )
    file = models.FileField(upload_to=stored_as, blank=True, max_length=100)
    name = models.CharField(max_length=NAME_LENGTH, help_text="What the file was called.")
    size = models.PositiveBigIntegerField(help_text="Of the file as it was sent, in bytes.")
    run_at = models.DateTimeField(default=timezone.now, help_text="It is not begun before.")
    scheduled_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="For rows that don't say when their mail is scheduled. Without it, new contacts "
        "get `run_at`, and known ones keep what they have.",
    )
    create_groups = models.BooleanField(
        default=False, help_text="Make the groups that rows name and the campaign doesn't have."
    )
    reject_overlap = models.BooleanField(
        default=False,
        help_text="Reject addresses that another group of the campaign has. Else they are taken "
        "in and listed, and left out of the comparison of groups.",
    )
    dry_run = models.BooleanField(
        default=False, help_text="Report what would happen, and take in nothing."
    )
    run_as = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        help_text="Of a dry run: the import by which its file was taken in for real.",
    )
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    problem = models.CharField(max_length=500, blank=True, help_text="Why it failed.")
    created_by = models.CharField(max_length=200, blank=True, help_text="Who asked for it.")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=dict, editable=False)  # what reading found: encoding, columns
    rows = models.PositiveBigIntegerField(default=0, help_text="Rows seen so far.")
    created = models.PositiveBigIntegerField(default=0)
    updated = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)
    noted = models.PositiveBigIntegerField(
        default=0, help_text="Remarks on rows that were taken in."
    )
    bytes_read = models.PositiveBigIntegerField(default=0)  # unpacked
    bytes_total = models.PositiveBigIntegerField(null=True, editable=False)
    seconds = models.FloatField(default=0, help_text="Of work so far.")

    objects = ContactImportQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "leased_until"], name="import_due")]

    def __str__(self):
        return f"{self.name} into {self.campaign}"

    @property
    def percent(self) -> int:
        """How much of the file is read: 100 only when all is done."""
        if self.state == self.State.DONE:
            return 100
        return min(99, 100 * self.bytes_read // self.bytes_total) if self.bytes_total else 0

    @property
    def rows_per_second(self) -> float | None:
        return round(self.rows / self.seconds, 1) if self.seconds else None

    @property
    def seconds_left(self) -> int | None:
        """As long as the rest takes at the pace so far; None where nothing tells, or it rests."""
        if self.state in (*self.ENDED, self.State.PAUSED) or not (
            self.bytes_read and self.bytes_total
        ):
            return None
        left = max(0, self.bytes_total - self.bytes_read)
        return round(self.seconds * left / self.bytes_read)

    @property
    def remarks(self) -> list[str]:
        """What there is to say of the file as a whole, in sentences."""
        remarks = [NO_ROWS] if self.state == self.State.DONE and not self.rows else []
        if self.facts.get("encoding") == "latin-1":
            remarks.append(READ_AS_LATIN_1)
        if ours := [column for column in self.facts.get("columns", ()) if is_ours(column)]:
            named = ", ".join(ours[:4]) + ", …" * (len(ours) > 4)
            remarks.append(f"Columns that files of PixelTrack add were left out: {named}.")
        return remarks

    def begin(self, facts: dict, size: int):
        """Note what the file is. Once; a worker that goes on finds it here."""
        self._mine.update(facts=facts, bytes_total=size, started_at=timezone.now())
        self.facts, self.bytes_total = facts, size

    def advance(self, bytes_read: int, seconds: float, counts: dict[str, int]):
        """Note progress, in the transaction that makes it. Of `counts`: field → how much more."""
        more = {name: F(name) + number for name, number in counts.items()}
        self._mine.update(bytes_read=bytes_read, seconds=F("seconds") + seconds, **more)

    def finish(self):
        """All rows are taken in. The file has done its work, unless it was only tried out."""
        done = self._mine.update(state=self.State.DONE, finished_at=timezone.now())
        if done and not self.dry_run:
            self.forget_file()

    def fail(self, problem):
        """The file can't be read, or not to its end. What was taken in stays."""
        self._mine.update(
            state=self.State.FAILED, problem=str(problem)[:500], finished_at=timezone.now()
        )

    def pause(self):
        self._move("paused", [self.State.WAITING, self.State.RUNNING], self.State.PAUSED)

    def resume(self, *, claimed=False):
        """Go on after the last row that was taken in; `claimed`: as in `receive`."""
        lease = new_lease() if claimed else {}
        self._move("resumed", [self.State.PAUSED], **{"state": self.State.WAITING} | lease)

    def retry(self):
        """Go on after the last row that was taken in; nothing comes twice."""
        ended = [self.State.FAILED, self.State.CANCELLED]
        if self.state in ended:  # of any other, there is something better to say
            self.require_file()
        self._move("retried", ended, self.State.WAITING, problem="", finished_at=None)

    def cancel(self):
        """For good; what was taken in stays."""
        self._move("cancelled", self.STOPPABLE, self.State.CANCELLED, finished_at=timezone.now())

    @transaction.atomic
    def run(self, by: str = "") -> "ContactImport":
        """After a dry run: the same file for real, as a new import, which takes the file over."""
        if not (self.dry_run and self.state == self.State.DONE):
            raise NoTrial
        name = self.file.name
        mine = ContactImport.objects.filter(pk=self.pk, file=name)
        if not (name and mine.update(file="")):
            real = ContactImport.objects.filter(pk=self.pk).values_list("run_as", flat=True).first()
            raise AlreadyRun(real) if real else NoFile
        # run_at as well: where nothing else says so, it is when mails are scheduled.
        taken_over = ("campaign", "group", "file", "name", "size", "run_at", "scheduled_at")
        taken_over += ("create_groups", "reject_overlap")
        fields = {name: getattr(self, name) for name in taken_over}
        self.run_as = ContactImport.objects.create(created_by=by, **fields)
        ContactImport.objects.filter(pk=self.pk).update(run_as=self.run_as)
        return self.run_as

    def require_file(self):
        if not self.file:
            raise NoFile

    def _move(self, verb: str, states: list, state: str, **fields):
        """From one of these states to that one. WrongState where it is in none of them."""
        movable = ContactImport.objects.filter(pk=self.pk, state__in=states)
        # Who holds it finds out with its next step; it may be claimed at once.
        fields = {"holder": None, "leased_until": None} | fields
        if not movable.update(state=state, **fields):
            self.refresh_from_db(fields=["state"])
            raise WrongState(verb, self.state)
        self.refresh_from_db()

    def remove(self):
        """Delete it with its file and what it reported. What it took in stays."""
        if self.state not in self.ENDED:
            raise WrongState("deleted before it is cancelled", self.state)
        self.forget()
        self.delete()

    def forget(self):
        """What is kept of persons goes, the figures stay."""
        self.forget_file()
        while self.reported_rows.remove_some():
            pass

    def forget_file(self):
        """The file goes, the figures stay. Unless another import took it over meanwhile."""
        storage, name = self.file.storage, self.file.name
        if name and ContactImport.objects.filter(pk=self.pk, file=name).update(file=""):
            transaction.on_commit(lambda: storage.delete(name))
