import shlex
from collections.abc import Iterator

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from tqdm import tqdm

from campaigns.management.named import named_campaign
from campaigns.management.noted import Noted, signals_noted
from campaigns.models import Contact, Group
from tracking.models import CountedDay, RebuildDue
from tracking.rebuild import Place, Rebuild, Step, place_of


class Command(BaseCommand):
    help = (
        "Make the counts anew from contacts and openings, while hits keep coming; what retention "
        "has archived stays. Ctrl-C stops it, and --resume goes on."
    )

    def add_arguments(self, parser):
        parser.add_argument("--campaign", help="id or name; without it, all of them")
        parser.add_argument(
            "--check",
            action="store_true",
            help="write nothing, and end with 1 where what is kept differs from the openings",
        )
        parser.add_argument("--resume", metavar="PLACE", help="where it was stopped")

    def handle(self, *, campaign, check, resume, **options):
        groups = groups_of(campaign)
        ids = list(groups.values_list("pk", flat=True))
        rebuild = Rebuild(ids, mend=not check, after=resume and read_place(resume))
        campaigns = len(set(groups.values_list("campaign", flat=True)))
        contacts = Contact.objects.filter(group__in=groups).count()
        days = CountedDay.objects.filter(group__in=groups).count()
        due = list(RebuildDue.objects.filter(group__in=ids).values_list("pk", flat=True))
        with signals_noted() as noted:
            walk = Walk(noted)
            kept = walk.through(rebuild.campaign_steps(), "campaigns", campaigns)
            rows = walk.through(rebuild.contact_steps(), "contacts", contacts)
            counts = walk.through(rebuild.day_steps(), "days", days)
        differed = "differ" if check else "differed, and are as they have to be now"
        self.stdout.write(f"Contacts scheduled for another time, or marked otherwise: {kept:,}.")
        self.stdout.write(f"Contacts of which something else is known: {rows:,}.")
        self.stdout.write(f"Counts {differed}: {counts:,}, the sum of all differences.")
        if noted.is_set():
            again = to_go_on(campaign, check, walk.place)
            raise CommandError(f"Stopped. Go on with:\n  {again}", returncode=128 + noted.number)
        if not check and not resume:  # else it may have been asked in between
            RebuildDue.objects.filter(pk__in=due).delete()
        if check and kept + rows + counts:
            raise CommandError("What is kept differs. Mend it with: manage.py rebuild_counts")


class Walk:
    """Takes steps until a signal comes."""

    def __init__(self, noted: Noted):
        self.noted, self.place = noted, None

    def through(self, steps: Iterator[Step], unit: str, total: int) -> int:
        """The sum of what differed."""
        drift = 0
        # None: where nobody watches, it draws nothing.
        with tqdm(total=total, unit=f" {unit}", disable=None) as bar:
            while not self.noted.is_set() and (step := next(steps, None)):
                self.place = step.place
                drift += step.drift
                bar.update(step.done)
        return drift


def groups_of(campaign: str | None) -> QuerySet:
    groups = Group.objects.all()
    return groups.filter(campaign=named_campaign(campaign)) if campaign else groups


def read_place(text: str) -> Place:
    try:
        return place_of(text)
    except ValueError:
        raise CommandError(f'--resume: "{text}" is no place. Give it as it was told.') from None


def to_go_on(campaign: str | None, check: bool, place: Place | None) -> str:
    words = ["manage.py", "rebuild_counts"]
    words += ["--campaign", campaign] if campaign else []
    words += ["--check"] if check else []
    words += ["--resume", "/".join(map(str, place))] if place else []
    return shlex.join(words)
