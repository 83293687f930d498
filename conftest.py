"""What all tests stand on: fresh random secrets, a temporary `var/`, and a real Redis."""

import base64
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import django
import pytest
import redis
from django.conf import settings
from django.core.management.color import no_style
from django.db import connections
from django.test import TransactionTestCase

from accounts.collector import collect_rarely

VAR_DIR = Path(tempfile.mkdtemp(prefix="pixeltrack-tests-"))

# Before Django reads its settings; the developer's own .env and var/ stay out of it.
os.environ["DJANGO_SETTINGS_MODULE"] = "pixeltrack.settings"
os.environ["PIXEL_ENV_FILE"] = os.devnull
os.environ["PIXEL_VAR_DIR"] = str(VAR_DIR)
os.environ["DJANGO_SECRET_KEY"] = secrets.token_urlsafe(50)
os.environ["API_SECRET_KEY"] = secrets.token_urlsafe(64)
os.environ["FERNET_KEY"] = base64.urlsafe_b64encode(os.urandom(32)).decode()

# A slow machine changes no outcome; budgets are tested where they matter.
settings.REDIS_HOT.update(socket_timeout=10, socket_connect_timeout=10)
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
# Pages are tested without a run of collectstatic before.
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
settings.STATIC_ROOT.mkdir()
django.setup()  # here, because the other conftest files import models

MADE_WITH_THE_TABLES = {"django_content_type", "auth_permission", "django_migrations"}


def delete_rows(case: TransactionTestCase):
    """What a test has committed. Django's own way deletes the permissions too and makes them anew,
    for each such test, which took longer than most of them."""
    for name in case._databases_names(include_mirrors=False):
        operations, introspection = connections[name].ops, connections[name].introspection
        tables = set(introspection.django_table_names(only_existing=True, include_views=False))
        tables -= MADE_WITH_THE_TABLES
        operations.execute_sql_flush(operations.sql_flush(no_style(), sorted(tables)))


TransactionTestCase._fixture_teardown = delete_rows


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Who meets the database by way of a fixture is marked as well: tests/run selects by it."""
    for item in items:
        if "db" in item.fixturenames:
            item.add_marker("django_db")


def pytest_collection_finish():
    collect_rarely()  # all is loaded: the collector took a seventh of the time


def pytest_unconfigure():
    shutil.rmtree(VAR_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_server():
    """A Redis of this run's own on the socket that the settings name."""
    from pixeltrack.embedded_redis import find_redis_server

    options = ["--port", "0", "--unixsocket", str(settings.REDIS_SOCKET)]
    options += ["--save", "", "--appendonly", "yes"]
    process = subprocess.Popen(
        [find_redis_server(), *options, "--dir", str(VAR_DIR)], stdout=subprocess.DEVNULL
    )
    client = redis.Redis(unix_socket_path=str(settings.REDIS_SOCKET))
    deadline = time.monotonic() + 10
    while True:
        try:
            client.ping()
            break
        except redis.ConnectionError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.02)
    yield client
    client.close()
    process.terminate()
    process.wait(10)


@pytest.fixture(autouse=True)
def no_verdict_data_thread(monkeypatch):
    """Tests share a process: a thread that one of them began would look at the files of all."""
    monkeypatch.setattr("tracking.verdict_data.watch", lambda: None)


@pytest.fixture
def redis_client(redis_server):
    """An empty Redis."""
    redis_server.flushall()
    return redis_server
