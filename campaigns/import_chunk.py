"""Some rows of a contact import, taken in together: all or nothing."""

import time
from collections import Counter

from django.db import DatabaseError, transaction

from accounts.retry import is_unavailable, retry_overtaken, retry_transaction
from campaigns.erasure import AddressErased
from campaigns.import_numbers import ROWS
from campaigns.import_row import CheckedRow, Remark, fate
from campaigns.models import Contact, ContactImport, ErasedAddress, ReportedRow
from campaigns.models.schedule import Taken, erased_among

OVERLAP = "overlap"
COUNTED = {Taken.CREATED: "created", Taken.UPDATED: "updated", Taken.UNCHANGED: "unchanged"}
PROGRESS = ("rows", *COUNTED.values(), "rejected", "noted", "bytes_read", "seconds")


class LostLease(Exception):
    """The import is not this worker's any more: paused, cancelled, or another one goes on."""


class ImportChunk:
    """Rows as they were checked, those rejected already among them, in the order of the file."""

    def __init__(self, job: ContactImport, rows: list[CheckedRow | ReportedRow]):
        self.job, self.rows = job, rows

    def take_in(self, bytes_read: int, began: float):
        """Store them, and how far the import has come (`began`: by time.monotonic()).

        Rows that the database won't have are found by halving, and rejected. LostLease if the
        import is somebody else's by now.
        """
        try:
            self._commit(bytes_read, began)
        except DatabaseError as error:
            if is_unavailable(error):
                raise
            for part in self._parts():
                part.take_in(bytes_read, time.monotonic())
            return
        try:
            # Not the holder: by now it may be another worker, whose lease is not ours.
            before = {name: getattr(self.job, name) for name in ROWS}
            self.job.refresh_from_db(fields=PROGRESS)
        except ContactImport.DoesNotExist:
            raise LostLease from None
        if not self.job.dry_run:
            for name, counter in ROWS.items():
                counter.inc(getattr(self.job, name) - before[name])

    def _parts(self) -> list["ImportChunk"]:
        if len(self.rows) > 1:
            half = len(self.rows) // 2
            return [
                ImportChunk(self.job, self.rows[:half]),
                ImportChunk(self.job, self.rows[half:]),
            ]
        row = self.rows[0]
        if isinstance(row, ReportedRow):  # not even what it says can be stored
            row.value, row.row = "", None
        else:
            row = row.rejected(self.job, "refused", "The database takes no such row. Look at it.")
        return [ImportChunk(self.job, [row])]

    @retry_overtaken
    @retry_transaction
    @transaction.atomic
    def _commit(self, bytes_read, began):
        if not self.job.hold(rows=self.job.rows):
            if self._is_committed():  # its answer was lost, and it was tried again
                return
            raise LostLease
        counts, reports = Counter(rows=len(self.rows)), []
        for row, outcome in zip(self.rows, self.outcomes(), strict=True):
            rejected = isinstance(outcome, ReportedRow)
            counts["rejected" if rejected else COUNTED[outcome]] += 1
            reports += [outcome] if rejected else row.reports(self.job)
        counts["noted"] = len(reports) - counts["rejected"]
        self._forget_erased(reports)
        ReportedRow.objects.insert(reports)
        self.job.advance(bytes_read, time.monotonic() - began, counts)

    def _is_committed(self) -> bool:
        rows = self.job.rows + len(self.rows)
        return ContactImport.objects.filter(
            pk=self.job.pk, holder=self.job.holder, rows=rows
        ).exists()

    def outcomes(self) -> list[Taken | ReportedRow]:
        """Take the rows in, or foresee it in a dry run: how each is taken in, or its rejection."""
        return [
            row if taken is None else self._refusal(row, taken) or taken
            for row, taken in zip(self.rows, self._taken(), strict=True)
        ]

    def _taken(self) -> list[Taken | None]:
        """What becomes of each row; None of those that are rejected already."""
        taken = [None if isinstance(row, ReportedRow) else Taken.CREATED for row in self.rows]
        checked = [number for number, each in enumerate(taken) if each]
        stored, to_be_made = [], []
        for number in checked:
            has_group = self.rows[number].contact.group.pk is not None
            (stored if has_group else to_be_made).append(number)
        self._foresee_new_groups(to_be_made, taken)
        # All sort in the same way, so that nobody waits for somebody who waits for them.
        stored.sort(key=lambda number: self.rows[number].contact.place)
        contacts = [self.rows[number].contact for number in stored]
        if self.job.dry_run:
            outcomes = Contact.objects.foresee(contacts)
        else:
            outcomes = [outcome.taken for outcome in Contact.objects.take_in(contacts)]
        for number, outcome in zip(stored, outcomes, strict=True):
            taken[number] = outcome
        return taken

    def _foresee_new_groups(self, numbers: list[int], taken: list[Taken | None]):
        """Rows of groups that a dry run would make: created, unless their persons are erased."""
        erased = erased_among([self.rows[number].contact for number in numbers])
        for number in numbers:
            if self.rows[number].contact.address in erased:
                taken[number] = Taken.ERASED

    def _forget_erased(self, reports: list[ReportedRow]):
        """Of erased persons, nothing is kept here either, whatever their row is rejected for."""
        team = self.job.campaign.team_id
        named = {(team, report.email_key) for report in reports if report.email_key}
        erased = ErasedAddress.objects.among(named)
        for report in reports:
            if (team, report.email_key) in erased:
                report.value, report.row, report.email_key = "", None, ""

    def _refusal(self, row: CheckedRow, taken: Taken) -> ReportedRow | None:
        if taken == Taken.ERASED:
            return row.rejected(self.job, "erased", AddressErased.SENTENCE)
        if taken == Taken.GROUP_GONE:
            return row.without_group(self.job)
        return None


class Overlaps:
    """Finds addresses that other groups of a campaign have already."""

    def __init__(self, job: ContactImport, groups: dict):
        self.job, self.groups = job, groups

    def mark(self, rows: list[CheckedRow | ReportedRow]) -> list[CheckedRow | ReportedRow]:
        """The rows, with a remark where another group has the address; or rejected for it."""
        known = {group.pk: group.name for group in self.groups.values() if group.pk}
        checked = [row for row in rows if isinstance(row, CheckedRow)]
        if len(self.groups) < 2 or not checked:
            return rows
        keys = [row.contact.key for row in checked]
        found = Contact.objects.filter(email_key__in=keys, group__in=list(known))
        places = {}
        for key, group in found.values_list("email_key", "group"):
            places.setdefault(key, []).append(group)
        return [self._marked(row, places, known) for row in rows]

    def _marked(self, row, places: dict, known: dict):
        if isinstance(row, ReportedRow) or has_overlap(row):
            return row
        others = [pk for pk in places.get(row.contact.key, ()) if pk != row.contact.group.pk]
        if not others:
            return row
        return overlapping(self.job, row, f"The group {known[min(others)]} has this address.")


def has_overlap(row: CheckedRow) -> bool:
    return any(remark.code == OVERLAP for remark in row.remarks)


def overlapping(job: ContactImport, row: CheckedRow, where: str) -> CheckedRow | ReportedRow:
    """The row, whose address is in another group as well, with a remark; or rejected for it."""
    if job.reject_overlap:
        return row.rejected(job, OVERLAP, f"{where} Leave it in one of them.")
    text = f"{where} {fate(job)}, and left out of the comparison of groups."
    row.remarks.append(Remark(OVERLAP, text))
    return row
