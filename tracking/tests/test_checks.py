from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tracking.checks import check_database, check_redis, check_spool, check_stores

pytestmark = pytest.mark.django_db


def ids(errors):
    return [error.id for error in errors]


@pytest.fixture
def configure(redis_client):
    before = {name: redis_client.config_get(name)[name] for name in ("maxmemory-policy",)}
    yield redis_client.config_set
    for name, value in before.items():
        redis_client.config_set(name, value)


def test_durable_stores_pass(redis_client, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    assert check_stores(None) == []


@pytest.mark.django_db(transaction=True)  # the command closes its connections
def test_a_redis_that_evicts_is_refused(configure):
    configure("maxmemory-policy", "allkeys-lru")
    assert ids(check_redis()) == ["tracking.E001"]
    with pytest.raises(CommandError, match="allkeys-lru"):
        call_command("consume")


def test_a_redis_without_a_file_is_refused(redis_client):
    redis_client.config_set("appendonly", "no")
    try:
        assert ids(check_redis()) == ["tracking.E002"]
    finally:
        redis_client.config_set("appendonly", "yes")


def test_atomic_requests_are_refused(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert ids(check_database()) == ["tracking.E003"]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_forgets_commits_is_refused():
    mysql = connection.vendor == "mysql"
    name = "GLOBAL innodb_flush_log_at_trx_commit" if mysql else "synchronous"
    careless, careful = (2, 1) if mysql else ("OFF", "FULL")
    verb = "SET" if mysql else "PRAGMA"
    with connection.cursor() as cursor:
        cursor.execute(f"{verb} {name} = {careless}")
        try:
            assert ids(check_database()) == ["tracking.E004"]
        finally:
            cursor.execute(f"{verb} {name} = {careful}")


def test_a_spool_that_can_not_be_written_is_refused(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "file"
    settings.VAR_DIR.write_text("in the way")
    assert ids(check_spool()) == ["tracking.E005"]


def test_the_deploy_check_names_a_redis_that_does_not_answer(redis_is_down):
    with pytest.raises(Exception, match=r"tracking\.E006"):
        call_command("check", deploy=True, tags=["hits"], stderr=StringIO())
