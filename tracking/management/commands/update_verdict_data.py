import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize
from tqdm import tqdm

from tracking.data_file import DataFile, Unfit, folder, staged
from tracking.verdict import RULES
from tracking.verdict_data import kind_of


class Command(BaseCommand):
    help = (
        "Put new data in force by which openings are judged: rules (JSON), networks (CSV), or "
        "Apple's egress-ip-ranges.csv as it is. All files are checked before any is put in place. "
        "For this host: run it on each."
    )
    requires_system_checks = []  # it asks neither the database nor Redis

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", metavar="FILE")

    def handle(self, *, files, **options):
        try:
            self.put_in_place(files)
        except OSError as error:
            raise CommandError(f"{folder()} can't be written: {error.strerror}.") from None

    def put_in_place(self, files: list[str]):
        with ExitStack() as stack:
            checked: dict[DataFile, tuple[str, Path]] = {}
            for name in files:
                copy = stack.enter_context(copy_of(name))
                kind = self.check(name, copy)
                if kind in checked:
                    raise CommandError(
                        f"{checked[kind][0]} and {name} are both {kind.name}. Name one of them."
                    )
                checked[kind] = name, copy
            for kind, (_, copy) in checked.items():
                kind.install(copy)
                self.stdout.write(f"{kind.installed} is in place.")
        self.stdout.write("Running processes take it up within a minute.")
        if RULES in checked:
            self.stdout.write("manage.py reclassify judges old openings by the new rules.")

    def check(self, name: str, copy: Path) -> DataFile:
        """Which file it is; CommandError where it is of no use."""
        try:
            kind = kind_of(copy)
            value = kind.read_from(copy, partial(tqdm, unit=" lines", desc=name, disable=None))
        except Unfit as problem:
            raise CommandError(f"{name}: {problem} Nothing was changed.") from None
        if kind is RULES:
            refuse_same_date(name, value)
            self.stdout.write(f"{name}: {counted(len(value.rules), 'rule')} of {value.date}.")
        else:
            self.stdout.write(f"{name}: {counted(value.networks, 'network')}.")
        return kind


def copy_of(name: str):
    """See `staged`; CommandError where there is no such file."""
    if not Path(name).is_file():
        raise CommandError(f"{name} is no file.")
    if not os.access(name, os.R_OK):
        raise CommandError(f"{name} can't be read by the user who runs this.")
    return staged(Path(name))


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{pluralize(number)}"


def refuse_same_date(name: str, rules):
    """CommandError for other rules under the date of those in force: nobody could tell by which
    an opening was judged."""
    if rules.date == RULES.value.date and rules != RULES.value:
        raise CommandError(
            f"{name}: the rules in force are of {rules.date} as well, and differ. Give these "
            "another date. Nothing was changed."
        )
