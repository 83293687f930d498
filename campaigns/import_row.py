"""One row of a contact import: what its cells say, or what is wrong with them.

What is said of a row here depends on the file and the options alone, and not on the contacts that
are there: a worker that goes on after another one finds the same.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice

from django.core.exceptions import ValidationError

from accounts.address import address_key
from accounts.fields import validate_visible
from accounts.serializers.time import YEARS
from campaigns.address import is_role_account, read_address
from campaigns.fields import name_key
from campaigns.import_file import BadRecord, Record, Unreadable, glance
from campaigns.import_file.foreign import NO_TEXT, looks_binary
from campaigns.models import Contact, ContactColumn, ContactImport, Group, ReportedRow
from campaigns.models.contact_column import COLUMN_LENGTH, MOST_COLUMNS, TooManyColumns
from campaigns.models.reported_row import VALUE_LENGTH
from campaigns.models.schedule import ContactRow
from campaigns.own_columns import is_ours

MOST_GROUPS = 100  # that an import may give a campaign
MOST_PIXELS = 10
MOST_MEANINGS = 2_000  # remembered: more than a table has columns; JSON may have millions
ALIASES = {
    "e_mail": "email",
    "mail": "email",
    "email_address": "email",
    "e_mail_address": "email",
    "full_name": "name",
}
AROUND_ADDRESSES = re.compile("[\\s\"'<>(),;:]+")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class BadCell(Exception):
    def __init__(self, code: str, detail: str):
        self.code, self.detail = code, detail


def as_text(value) -> str:
    if type(value) is str:  # nearly always
        return value.strip()
    if isinstance(value, (list, dict, bool)):
        raise BadCell("invalid", "Give a text.")
    return str(value).strip()


def read_email(value) -> str:
    try:
        return read_address(as_text(value))
    except ValidationError as error:
        raise BadCell(error.code or "invalid", " ".join(error.messages)) from None


def read_text(value) -> str:
    text = as_text(value)
    if len(text) > Contact.TEXT_LENGTH:
        raise BadCell("max_length", f"Give at most {Contact.TEXT_LENGTH} characters.")
    if CONTROL.search(text):
        raise BadCell("invalid", "Take the control characters out.")
    return text


@lru_cache(maxsize=1024)  # whole lists are scheduled for the same moment
def moment_of(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadCell(
            "invalid", "Give date, time and zone like 2026-03-01T08:00:00+01:00 (ISO 8601)."
        ) from None
    if moment.tzinfo is None:
        raise BadCell("no_zone", "Give the time's zone as well, as in 2026-03-01T08:00:00+01:00.")
    if moment.year not in YEARS:
        raise BadCell("year", f"Give a time from {YEARS[0]} to {YEARS[-1]}.")
    return moment.astimezone(UTC)


def read_moment(value) -> datetime:
    return moment_of(as_text(value))


def read_pixels(value) -> int:
    text = as_text(value)
    digits = text.lstrip("0")  # so few are left that int() takes them
    is_number = text.isascii() and text.isdecimal() and len(digits) <= 2
    if not (is_number and 1 <= int(digits or 0) <= MOST_PIXELS):
        raise BadCell("invalid", f"Give the number of pixels, from 1 to {MOST_PIXELS}.")
    return int(digits)


READERS: dict[str, Callable] = {
    "email": read_email,
    "name": read_text,
    "external_id": read_text,
    "group": read_text,
    "scheduled_at": read_moment,
    "sent_at": read_moment,
    "pixels": read_pixels,
}


def field_of(column: str) -> str | None:
    """The field that a column stands for; None where it is another's."""
    key = re.sub(r"[\s_-]+", "_", name_key(column)).strip("_")
    key = ALIASES.get(key, key)
    return key if key in READERS else None


key_of_group = lru_cache(maxsize=MOST_GROUPS)(name_key)  # which all rows ask for


@dataclass(frozen=True, slots=True)
class Remark:
    code: str
    detail: str


def fate(job: ContactImport) -> str:
    """How a remark begins to say what becomes of its row."""
    return "It would be taken in" if job.dry_run else "It was taken in"


@dataclass(slots=True)
class CheckedRow:
    """A row that can be taken in, and what there is to remark on it."""

    record: Record
    contact: ContactRow
    remarks: list[Remark]

    @property
    def group_key(self) -> str:
        """Equal for rows of the same group, also before it is made."""
        return key_of_group(self.contact.group.name)

    def without_group(self, job: ContactImport) -> ReportedRow:
        """Its group went while the import ran."""
        detail = "The group was deleted meanwhile. Name another one and send the row again."
        name, email = self.contact.group.name, self.contact.email
        return rejection(job, self.record, "group", name, BadCell("does_not_exist", detail), email)

    def rejected(self, job: ContactImport, code: str, detail: str) -> ReportedRow:
        """It is not taken in after all."""
        email = self.contact.email
        return rejection(job, self.record, "email", email, BadCell(code, detail), email)

    def reports(self, job: ContactImport) -> list[ReportedRow]:
        return [
            ReportedRow(
                contact_import=job,
                line=self.record.line,
                rejected=False,
                code=remark.code,
                column="email",
                value=shortened(self.contact.email),
                detail=remark.detail,
                email_key=self.contact.key,
            )
            for remark in self.remarks
        ]


class RowCheck:
    """Checks the rows of one import."""

    def __init__(self, contact_import: ContactImport):
        self.job = contact_import
        self.campaign = contact_import.campaign
        role = f"This is the mailbox of a role, hardly of one person. {fate(contact_import)}."
        self.role_account = Remark("role_account", role)
        groups = list(self.campaign.groups.all())
        for group in groups:
            group.campaign = self.campaign
        self.groups = {name_key(group.name): group for group in groups}
        # SQLite tells names apart that differ in an accent, so the very name goes first.
        self.named = {group.name: group for group in groups}
        own = contact_import.group
        self.own_name = own.name if own else None
        self.own_key = name_key(own.name) if own else None
        scheduled_at = contact_import.scheduled_at
        self.fields = {"scheduled_at": scheduled_at} if scheduled_at else {}
        self.defaults = {} if scheduled_at else {"scheduled_at": contact_import.run_at}
        # Column → the field it stands for and its reader, or the name it is kept by and None.
        self.meanings: dict[str, tuple[str | None, Callable | None]] = {}
        self.tried = ContactColumn.objects.known(self.campaign)  # what a dry run would keep

    def __call__(self, record: Record | BadRecord) -> CheckedRow | ReportedRow:
        if isinstance(record, BadRecord):
            error = record.error
            bad = BadCell(error.code, error.detail)
            whose = address_in(record.raw)
            return rejection(self.job, record, error.field, record.value, bad, whose)
        column, value = None, None
        fields, extra = {}, {}
        try:
            for column, value in record.cells.items():
                if value == "" or value is None:
                    continue
                name, read = self.meanings.get(column) or self.meaning_of(column)
                if read is None:
                    if name in extra:
                        raise BadCell("twice", "Another column has the same name. Leave one.")
                    if name is not None:
                        extra[name] = value
                elif name in fields:
                    raise BadCell("twice", f"Another column gives the {name} already. Leave one.")
                else:
                    fields[name] = read(value)
            column, value = "email", ""
            if "email" not in fields:
                raise BadCell("required", "Give an e-mail address.")
            column, value = "group", fields.get("group", "")
            group = self.group_of(fields.pop("group", None))
        except BadCell as bad:
            cells = {name: cell for name, cell in record.cells.items() if field_of(name) == "email"}
            return rejection(self.job, record, column, value, bad, address_in(cells))
        email, pixels = fields.pop("email"), fields.pop("pixels", None)
        row = ContactRow(group, email, self.fields | fields, pixels, self.defaults, extra)
        remarks = [self.role_account] if is_role_account(email) else []
        return CheckedRow(record, row, remarks)

    def meaning_of(self, column: str) -> tuple[str | None, Callable | None]:
        field = field_of(column)
        if field:
            meaning = field, READERS[field]
        elif is_ours(column):
            meaning = None, None
        else:
            meaning = self.kept_name(column), None
        if len(self.meanings) < MOST_MEANINGS:
            self.meanings[column] = meaning
        return meaning

    def kept_name(self, column: str) -> str:
        if len(column) > COLUMN_LENGTH:
            raise BadCell(
                "too_long", f"The name of this column is longer than {COLUMN_LENGTH} characters."
            )
        try:
            if self.job.dry_run:
                return ContactColumn.objects.foresee(self.tried, column)
            return ContactColumn.objects.spell(self.campaign, [column])[column]
        except TooManyColumns:
            raise BadCell(
                "too_many_columns",
                f"A campaign keeps {MOST_COLUMNS} columns that PixelTrack has no field for. "
                "Leave this one out.",
            ) from None

    def group_of(self, name: str | None) -> Group:
        key = name_key(name) if name else self.own_key
        if self.own_key not in (None, key):
            raise BadCell("other_group", "This import is for another group. Leave the cell empty.")
        if key is None:
            if len(self.groups) == 1:
                return next(iter(self.groups.values()))
            raise BadCell("required", "Name the group: the campaign has several.")
        known = self.named.get(self.own_name or name) or self.groups.get(key)
        return known or self.new_group(key, name)

    def new_group(self, key: str, name: str | None) -> Group:
        if not self.job.create_groups or name is None:
            raise BadCell(
                "does_not_exist",
                "The campaign has no such group. Add it, or let the import make groups.",
            )
        try:
            validate_visible(name)
        except ValidationError as error:
            raise BadCell(error.code, error.message) from None
        if len(self.groups) >= MOST_GROUPS:
            raise BadCell("too_many_groups", f"Imports make at most {MOST_GROUPS} groups.")
        if self.job.dry_run:
            group = Group(campaign=self.campaign, name=name)
        else:
            # Apart from the rows: two imports may make the same group at once, and an empty one
            # that is left of a killed worker is taken up by the next.
            group, _ = self.campaign.groups.get_or_create(name=name)
            group.campaign = self.campaign
        self.groups[key] = group
        return group


def address_in(cells: list | dict) -> str:
    """The first address among the cells of a row that is rejected; empty where there is none. By
    it the row is found when the person is erased."""
    texts = cells.values() if isinstance(cells, dict) else cells
    words = (word for text in texts for word in AROUND_ADDRESSES.split(str(text)) if "@" in word)
    for word in islice(words, 10):
        try:
            return read_email(word)
        except BadCell:
            pass
    return ""


def refuse_unreadable(file):
    """Unreadable for a file of which the beginning tells that it can't be taken in."""
    refuse_columns(glance(file).columns)
    file.seek(0)


def refuse_columns(columns: Sequence[str]):
    """Unreadable where rows with these columns (none: they differ, as in JSON) can't be right."""
    fields = Counter(field_of(column) for column in columns)
    if columns and not fields["email"]:
        named = ", ".join(columns)
        if looks_binary(named):
            raise Unreadable("foreign_format", NO_TEXT)
        raise Unreadable(
            "no_email",
            "The file has no column called email. Rename the one that has the addresses. It has: "
            f"{shortened(named)}.",
        )
    for field, times in fields.items():
        if field and times > 1:
            raise Unreadable("twice", f"Two columns of the file are for {field}. Leave one.")
    others = [column for column in columns if not field_of(column) and not is_passed_over(column)]
    keys = Counter(map(name_key, others))
    if again := [column for column in others if keys[name_key(column)] > 1]:
        raise Unreadable(
            "twice", f"Several columns are called {shortened(again[0])}, case aside. Leave one."
        )
    if len(others) > MOST_COLUMNS:
        raise Unreadable(
            "too_many_columns",
            f"The file has {len(others)} columns that PixelTrack has no field for; at most "
            f"{MOST_COLUMNS} are kept. Leave some out.",
        )


def is_passed_over(column: str) -> bool:
    """Also one without a name, which may have nothing in it."""
    return is_ours(column) or bool(re.fullmatch("column [0-9]+", column))


def rejection(job: ContactImport, record, column, value, bad: BadCell, email="") -> ReportedRow:
    return ReportedRow(
        contact_import=job,
        line=record.line,
        rejected=True,
        code=bad.code,
        column=(column or "")[:200],
        value=shortened(value),
        detail=bad.detail,
        row=record.raw,
        email_key=address_key(email),
    )


def shortened(value) -> str:
    text = value if isinstance(value, str) else str(value)
    text = CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= VALUE_LENGTH else text[: VALUE_LENGTH - 1] + "…"
