import random
from collections import Counter
from itertools import groupby

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.db.models import Exists, OuterRef
from django.urls import reverse
from tqdm import tqdm

from campaigns.management.named import named_campaign
from campaigns.models import Campaign, Contact, Pixel
from campaigns.token import make_token
from tracking.management.sender import Answer, Request, Sender, Unreachable
from tracking.simulate import Fetch, Mail, most_openings, plan


class Command(BaseCommand):
    help = "Send realistic openings of a campaign to a running server, so that its numbers move."

    def add_arguments(self, parser):
        parser.add_argument("--url", default=settings.PUBLIC_URL, help="of the server: %(default)s")
        parser.add_argument("--campaign", help="id or name; else the newest with contacts")
        parser.add_argument("--count", type=int, default=200, help="of requests: %(default)s")
        parser.add_argument("--rate", type=float, default=20, help="per second: %(default)s")
        parser.add_argument("--concurrency", type=int, default=8, help="at once: %(default)s")
        parser.add_argument("--seed", type=int, help="the same seed gives the same openings")

    def handle(self, *, url, campaign, count, rate, concurrency, seed, **options):
        if count < 1 or rate <= 0 or concurrency < 1:
            raise CommandError("--count, --rate and --concurrency must be above 0.")
        try:
            campaign = find_campaign(campaign)
            mails = mails_of(campaign, most=count)
        except DatabaseError as error:
            raise CommandError(
                f"The database can't be read ({error}). Run this with the settings of the server."
            ) from None
        if not mails:
            raise CommandError(
                f'"{campaign}" has no contact with a pixel yet. Add some, or load the sample: '
                "manage.py loaddata sample"
            )
        if campaign.closed_at or campaign.tracking == Campaign.Tracking.OFF:
            self.stderr.write(f'"{campaign}" is closed or not tracked: it may count nothing.')
        if seed is None:
            seed = random.randrange(10_000)  # nosec B311 # chooses a rehearsal, keeps no secret
        fetches = plan(mails, count, rate, seed)
        self.stdout.write(f'{len(fetches)} requests for "{campaign}" to {url} (--seed {seed})')
        log = Log(fetches)
        try:
            sender = Sender(url, concurrency)
            sender.knock()
            with tqdm(total=len(fetches), unit=" requests") as log.progress:
                sender.send(map(request_for, fetches), log.add)
        except Unreachable as problem:
            raise CommandError(str(problem)) from None
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
        expected = most_openings(log.answered)
        self.stdout.write(
            f"Sent {len(log.answered) + log.errors.total()} requests: at most {expected} "
            f"openings and at least {len(log.answered) - expected} refreshes; "
            f"errors: {log.errors.total()}."
        )
        for problem, times in log.errors.most_common():
            self.stderr.write(f"{times} times: {problem}")


def find_campaign(wanted: str | None) -> Campaign:
    """By id or name, else the newest with contacts; CommandError where it is not one campaign."""
    campaign = named_campaign(wanted) if wanted else newest_campaign()
    if campaign is None:
        raise CommandError(
            "No campaign has contacts yet. Load the sample: manage.py loaddata sample"
        )
    return campaign


def newest_campaign() -> Campaign | None:
    contacts = Contact.objects.filter(group__campaign=OuterRef("pk"))
    return Campaign.objects.filter(Exists(contacts)).order_by("-pk").first()


def mails_of(campaign: Campaign, most: int) -> list[Mail]:
    """The mails of at most `most` contacts of each group, with their pixels from the top."""
    mails = []
    for group in campaign.groups.order_by("pk"):
        contacts = group.contacts.order_by("pk").values_list("pk", flat=True)[:most]
        last = max(contacts, default=0)
        pixels = (
            Pixel.objects.filter(contact__group=group, contact__lte=last)
            .order_by("contact", "number")
            .values_list("contact", "uuid")
        )
        for _, rows in groupby(pixels, key=lambda row: row[0]):
            mails.append(Mail(group.pk, tuple(uuid for _, uuid in rows)))
    return mails


class Log:
    """Which fetches were answered, and what went wrong with the others."""

    def __init__(self, fetches: list[Fetch]):
        self.fetches, self.progress = fetches, None
        self.answered: list[Fetch] = []
        self.errors: Counter[str] = Counter()

    def add(self, answer: Answer):
        if answer.error:
            self.errors[answer.error] += 1
        else:
            self.answered.append(self.fetches[answer.number])
        self.progress.update()


def request_for(fetch: Fetch) -> Request:
    path = reverse("pixel", args=[make_token(fetch.pixel)])
    headers = {"User-Agent": fetch.reader.user_agent, **fetch.reader.headers}
    return Request("GET", path, headers, at=fetch.at)
