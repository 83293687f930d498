import sys
from collections.abc import Iterator

from django.core.management.base import BaseCommand, CommandError

from tracking.models import Visitor
from tracking.page_views.reply import Refused
from tracking.page_views.track import read_name


class Command(BaseCommand):
    help = (
        "Erase a visitor of pages: the user_id is forgotten and not taken in again; no figure "
        "moves. Ends with 0 also where there was no such visitor, and with 1 where it failed."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "user_id",
            help="as the pages send it. With - it is read from the standard input, one in each "
            "line, and stands in no list of processes or commands",
        )

    def handle(self, *, user_id, **options):
        user_ids = list(lines_of_input()) if user_id == "-" else [user_id]
        if not user_ids:
            raise CommandError("There is no user_id in the standard input.")
        for number, each in enumerate(user_ids, 1):
            self.refuse(each, number)
        erased = sum(Visitor.objects.erase(each) for each in user_ids)
        unknown = len(user_ids) - erased
        if erased:
            self.stdout.write(f"Erased: {erased:,}. The figures stay as they are.")
        if unknown:
            self.stdout.write(f"Not among the visitors: {unknown:,}. They will not be recorded.")

    def refuse(self, user_id: str, number: int):
        """What is no user_id, before any is erased; without naming it."""
        try:
            read_name({"user_id": user_id}, "user_id")
        except Refused as refused:
            raise CommandError(f"User {number}: {refused.detail}") from None


def lines_of_input() -> Iterator[str]:
    try:
        yield from filter(None, (line.rstrip("\n") for line in sys.stdin))
    except UnicodeDecodeError:
        raise CommandError("The standard input is not in UTF-8.") from None
