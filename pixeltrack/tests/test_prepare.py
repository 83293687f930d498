import fcntl
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from accounts.models import Team, User
from campaigns.models import Campaign, Contact, Pixel
from campaigns.recount import recount_contacts
from campaigns.tests.removed import finish_removals
from pixeltrack.management.commands import prepare as preparing

pytestmark = pytest.mark.django_db
PASSWORD = "zebra-lemon-41-Quartz"


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path, settings, monkeypatch):
    settings.VAR_DIR = tmp_path
    settings.STATIC_ROOT = tmp_path / "static"
    monkeypatch.setenv("DJANGO_SUPERUSER_USERNAME", "admin")
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "admin@example.com")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "one.css").write_text("body {}")
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    finders.get_finder.cache_clear()
    yield
    finders.get_finder.cache_clear()


@pytest.fixture
def prepare(capfd):
    """Runs it; what it said on stdout and on stderr."""

    def run():
        call_command("prepare")
        return capfd.readouterr()

    return run


# -- Several at once -------------------------------------------------------------------------------
def test_on_many_machines_one_prepares_at_a_time(monkeypatch):
    """By a lock in the database; where that is a file, by one beside it."""
    monkeypatch.setattr(preparing, "PATIENCE_S", 0)
    if connection.vendor == "mysql":

        def enter():
            with closing(connection), preparing.one_at_a_time():
                pass

        with ThreadPoolExecutor() as pool:
            with preparing.one_at_a_time(), pytest.raises(CommandError, match="Another start"):
                pool.submit(enter).result()
            pool.submit(enter).result()
        return
    with preparing.one_at_a_time():
        lock = open(settings.VAR_DIR / "prepare.lock")  # noqa: SIM115 - it outlives the block
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    lock.close()


# -- The sample ----------------------------------------------------------------------------------
def test_an_empty_database_gets_the_sample(prepare):
    prepare()
    assert Campaign.objects.count() == 1
    assert Contact.objects.exists()


def test_the_mails_of_the_sample_have_just_been_sent(prepare):
    prepare()
    campaign = Campaign.objects.get()
    sent = Contact.objects.values_list("sent_at", flat=True)
    now = timezone.now()
    assert now - timedelta(minutes=65) < min(sent) < max(sent) <= now - timedelta(minutes=60)
    assert now - timedelta(days=4) < campaign.created_at < min(sent)
    assert recount_contacts(campaign.pk) == 0  # what is kept beside them goes by the new times


def test_a_second_time_changes_nothing(prepare):
    prepare()
    campaign = Campaign.objects.get()
    campaign.name = "Renamed"
    campaign.save()
    said = prepare()
    assert Campaign.objects.get().name == "Renamed"
    assert User.objects.count() == 1
    assert said.err == ""


def test_a_sample_that_was_deleted_stays_deleted(prepare):
    prepare()
    User.objects.update(last_login=timezone.now())
    Campaign.objects.get().remove()
    finish_removals()
    Team.objects.filter(owner=None).delete()
    prepare()
    assert not Campaign.objects.exists()


def test_a_database_with_a_campaign_gets_no_sample(prepare):
    team = User.objects.create_user("somebody", "somebody@example.com").own_team
    Campaign.objects.start(team=team, name="Spring")
    prepare()
    assert Campaign.objects.get().name == "Spring"


# -- The first admin -----------------------------------------------------------------------------
def test_it_makes_the_first_admin_with_a_team_of_its_own(prepare):
    prepare()
    admin = User.objects.get(username="admin")
    assert admin.is_superuser
    assert admin.check_password(PASSWORD)
    assert admin.own_team.name == "admin's team"


def test_an_admin_of_that_name_keeps_the_password(prepare):
    User.objects.create_superuser("admin", "other@example.com", "another-Password-7")
    prepare()
    assert User.objects.get(username="admin").check_password("another-Password-7")


def test_a_weak_password_is_named(prepare, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "password")
    with pytest.raises(CommandError, match=r"^DJANGO_SUPERUSER_PASSWORD: .*too common"):
        prepare()
    assert not User.objects.exists()


def test_without_a_name_or_password_no_admin_is_made(prepare, monkeypatch):
    monkeypatch.delenv("DJANGO_SUPERUSER_PASSWORD")
    assert "no admin yet: manage.py createsuperuser" in prepare().out
    assert not User.objects.exists()


# -- Static files --------------------------------------------------------------------------------
def test_static_files_are_collected_once_and_again_when_one_changes(prepare, tmp_path):
    assert "Collecting" in prepare().err
    assert (tmp_path / "static" / "one.css").exists()
    assert "Collecting" not in prepare().err
    (tmp_path / "source" / "two.css").write_text("p {}")
    finders.get_finder.cache_clear()
    assert "Collecting" in prepare().err
    assert (tmp_path / "static" / "two.css").exists()


def test_static_files_that_were_thrown_away_are_collected_again(prepare, tmp_path):
    prepare()
    (tmp_path / "static").rename(tmp_path / "elsewhere")
    assert "Collecting" in prepare().err


def test_static_files_that_lie_ready_are_left_alone(prepare, settings, tmp_path):
    settings.STATIC_DIR = str(tmp_path / "ready")
    assert "Collecting" not in prepare().err
    assert not (tmp_path / "static").exists()


# -- What a newcomer is told ---------------------------------------------------------------------
def test_it_says_where_everything_is(prepare, settings):
    settings.PUBLIC_URL = "http://pixels.example.com"
    said = prepare().out
    for path in ("/", "/admin/", "/api/", "/docs"):
        assert f"http://pixels.example.com{path}\n" in said
    assert f"admin, password {PASSWORD}" in said
    contact = Pixel.objects.order_by("pk").first().contact_id
    assert f"http://pixels.example.com/sample/{contact}/" in said
    assert "http://pixels.example.com/p/" in said
    assert "manage.py simulate_openings" in said
    assert "Ctrl-C stops it." in said


def test_a_log_is_told_a_live_pixel_and_no_password(capfd):
    call_command("prepare", "--for-log")
    said = capfd.readouterr().out
    assert PASSWORD not in said
    assert "admin, password DJANGO_SUPERUSER_PASSWORD" in said
    assert f"A live pixel   {settings.PUBLIC_URL}/p/" in said
    assert "Ctrl-C" not in said


def test_a_port_of_its_own_is_named_for_the_other_terminal(prepare, settings):
    settings.PORT = 8123
    assert "PORT=8123 " in prepare().out
