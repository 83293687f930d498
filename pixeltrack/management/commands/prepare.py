import fcntl
import os
import sys
from contextlib import closing, contextmanager
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Team, User
from campaigns.models import Campaign, Contact, Group, Pixel
from campaigns.recount import recount_contacts
from pixeltrack.grafana_views import make_grafana_views

PATIENCE_S = 3600  # a migration of a big table takes its time


class Command(BaseCommand):
    help = (
        "Make everything ready for a start: the tables, the sample in an empty database, the "
        "first admin, the static files. Again and again without harm. Says on stderr what it "
        "does, and on stdout what a newcomer needs to know."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--for-log",
            action="store_true",
            help="What is said goes to a log, which is kept: without the password.",
        )

    def handle(self, **options):
        try:
            with one_at_a_time():
                migrate()
                make_grafana_views()
                load_sample()
                make_admin()
        except OperationalError as error:
            raise CommandError(f"The database does not answer as it should: {error}") from None
        if not settings.STATIC_DIR:
            collect_static_files()
        self.stdout.write(summary() if options["for_log"] else welcome())


def say(line):
    print(line, file=sys.stderr, flush=True)


@contextmanager
def one_at_a_time():
    """Several machines may start at once, and migrations are for one."""
    if connection.vendor != "mysql":
        with open(settings.VAR_DIR / "prepare.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    name = f"prepare {settings.MYSQL['NAME']}"[-64:]
    # Over a connection of its own: loaddata closes the one that it comes by, and the lock with it.
    with closing(connection.copy()) as keeper, keeper.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, %s)", [name, PATIENCE_S])
        if cursor.fetchone() != (1,):
            raise CommandError(f"Another start has prepared the database for {PATIENCE_S} s now.")
        try:
            yield
        finally:
            cursor.execute("SELECT RELEASE_LOCK(%s)", [name])


def migrate():
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        say(f"Bringing the database up to date: {missing} steps …")
    call_command("migrate", verbosity=0)


def load_sample():
    """Into an empty database. Once somebody has signed in, they may have emptied it on purpose.

    Before the first admin and the admin's own team are made, which would take its ids.
    """
    used = (
        Campaign.everything.exists()
        or Team.objects.filter(owner=None).exists()
        or User.objects.filter(last_login__isnull=False).exists()
    )
    if not used:
        say("Loading the sample campaign …")
        call_command("loaddata", "sample", verbosity=0)
        send_sample_now()


def send_sample_now():
    """The mails of the sample are of the hour before the first start, and not of the day when the
    file was written: openings tell how long after its mail each came."""
    mails = Contact.objects.all()
    shift = timezone.now() - timedelta(hours=1) - mails.latest("sent_at").sent_at
    shift -= timedelta(microseconds=shift.microseconds)
    mails.update(**{name: F(name) + shift for name in ("scheduled_at", "sent_at", "created_at")})
    for model in (Team, Group, Campaign):
        model._base_manager.update(created_at=F("created_at") + shift)
    for campaign in Campaign.objects.all():
        recount_contacts(campaign.pk)


def make_admin():
    """Django's own variables name the first superuser."""
    name, email, password = (
        os.environ.get(f"DJANGO_SUPERUSER_{field}", "")
        for field in ("USERNAME", "EMAIL", "PASSWORD")
    )
    if not (name and password) or User.objects.filter(Q(username=name) | Q(email=email)).exists():
        return
    try:
        validate_password(password, User(username=name, email=email))
    except ValidationError as error:
        raise CommandError(f"DJANGO_SUPERUSER_PASSWORD: {' '.join(error.messages)}") from None
    call_command("createsuperuser", interactive=False, verbosity=0)


def collect_static_files():
    """Where a file has come, gone or changed since the last time; it takes seconds."""
    stamp = settings.VAR_DIR / "static.stamp"
    fingerprint = fingerprint_of_static_files()
    if stamp.is_file() and stamp.read_text() == fingerprint and settings.STATIC_ROOT.is_dir():
        return
    say("Collecting the static files …")
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(fingerprint)


def fingerprint_of_static_files() -> str:
    digest = blake2b(digest_size=16)
    for finder in get_finders():
        for name, storage in sorted(finder.list(None), key=lambda found: found[0]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def summary() -> str:
    return "\n".join(table(addresses("DJANGO_SUPERUSER_PASSWORD") + samples()))


def welcome() -> str:
    """Where everything is, and how to see it move."""
    rows = addresses(os.environ.get("DJANGO_SUPERUSER_PASSWORD", ""))
    if live := samples():
        python = os.path.relpath(sys.executable)
        port = "" if settings.PORT == 8000 else f"PORT={settings.PORT} "
        simulate = f"{port}{python} manage.py simulate_openings   (in another terminal)"
        rows += [*live, ("Openings", simulate)]
    lines = table(rows)
    everywhere = settings.HOST in ("0.0.0.0", "::")  # nosec B104 # compared, not bound
    if everywhere and "PUBLIC_URL" not in os.environ:
        lines += ["", "Others get in once PUBLIC_URL names this machine as they know it."]
    return "\n".join(["", "PixelTrack is running.", "", *lines, "", "Ctrl-C stops it.", ""])


def addresses(password: str) -> list[tuple[str, str]]:
    at = settings.PUBLIC_URL
    return [
        ("Home", f"{at}/"),
        ("Admin", f"{at}/admin/"),
        ("API", f"{at}/api/"),
        ("API docs", f"{at}/docs"),
        ("Sign in as", sign_in(password)),
    ]


def samples() -> list[tuple[str, str]]:
    pixel = Pixel.objects.in_sight().order_by("pk").first()
    if pixel is None:
        return []
    mail = f"{settings.PUBLIC_URL}/sample/{pixel.contact_id}/"
    return [("A sample mail", mail), ("A live pixel", pixel.url)]


def table(rows) -> list[str]:
    return [f"  {label:<15}{value}" for label, value in rows]


def sign_in(password: str) -> str:
    name = os.environ.get("DJANGO_SUPERUSER_USERNAME", "")
    if not User.objects.filter(username=name).exists():
        return "(no admin yet: manage.py createsuperuser)"
    return f"{name}, password {password} (unless it was changed since)"
