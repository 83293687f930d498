import pytest
from django.db import OperationalError, connection
from django.test import Client
from redis.exceptions import ConnectionError as RedisDown

from accounts.tests.people import make_user
from pixeltrack import health

PROXIED = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"]
COMPONENTS = {"database", "disk", "migrations", "redis", "stream"}


@pytest.fixture
def outside():
    return Client(REMOTE_ADDR="203.0.113.7")


@pytest.fixture
def inside():
    return Client(REMOTE_ADDR="127.0.0.1")


def staff(**fields):
    client = Client(REMOTE_ADDR="203.0.113.7")
    client.force_login(make_user(**fields))
    return client


def test_healthz_answers_without_the_database(outside):
    response = outside.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_tells_strangers_the_word_only(outside, redis_client):
    response = outside.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_readyz_tells_this_machine_of_every_component(address, redis_client):
    body = Client(REMOTE_ADDR=address).get("/readyz").json()
    assert body["components"] == {name: {"status": "ok"} for name in COMPONENTS}


@pytest.mark.django_db
@pytest.mark.parametrize("header", PROXIED)
def test_what_comes_through_a_proxy_is_not_from_this_machine(inside, redis_client, header):
    response = inside.get("/readyz", headers={header: "127.0.0.1"})
    assert response.json() == {"status": "ready"}
    assert inside.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["", "localhost", "10.0.0.1", "::ffff:203.0.113.7"])
def test_other_addresses_are_outside(address, redis_client):
    client = Client(REMOTE_ADDR=address)
    assert client.get("/readyz").json() == {"status": "ready"}
    assert client.get("/metrics").status_code == 404


@pytest.mark.django_db
def test_staff_see_the_components_from_anywhere(redis_client):
    assert staff(is_staff=True).get("/readyz").json()["components"].keys() == COMPONENTS
    assert staff().get("/readyz").json() == {"status": "ready"}
    assert staff(is_staff=True, is_active=False).get("/readyz").json() == {"status": "ready"}


@pytest.mark.django_db
def test_without_redis_it_is_not_ready_and_says_so_at_once(inside, outside, settings, tmp_path):
    settings.REDIS_URL = settings.REDIS_STREAM_URL = f"unix://{tmp_path}/none.sock?db=0"
    response = inside.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "components": {
            "database": {"status": "ok"},
            "disk": {"status": "ok"},
            "migrations": {"status": "ok"},
            "redis": {"status": RedisDown.__name__},
            "stream": {"status": RedisDown.__name__},
        },
    }
    assert outside.get("/readyz").json() == {"status": "not ready"}


@pytest.mark.django_db
def test_without_the_database_it_is_not_ready(inside, monkeypatch, redis_client):
    """A session can't be read then either, so the word is all that staff get."""
    member = staff(is_staff=True)

    def refuse(*args, **kwargs):
        raise OperationalError("(2003, \"Can't connect to server on 'db.internal'\")")

    monkeypatch.setattr(connection, "cursor", refuse)
    response = inside.get("/readyz")
    assert response.status_code == 503
    assert response.json()["components"]["database"] == {"status": "OperationalError"}
    assert "db.internal" not in response.text
    response = member.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"status": "not ready"})


@pytest.mark.django_db
def test_with_a_migration_to_apply_it_is_not_ready(inside, monkeypatch, redis_client):
    monkeypatch.setitem(health.CHECKS, "migrations", health.Migrations().check)
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda self, targets: ["0002"])
    response = inside.get("/readyz")
    assert response.status_code == 503
    assert response.json()["components"]["migrations"] == {"status": "NotMigrated"}


@pytest.mark.django_db
def test_a_disk_that_runs_low_is_a_warning_before_it_is_full(inside, redis_client, settings):
    settings.PIXEL_DISK_RESERVE_MB = 10**9
    response = inside.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ready")
    assert response.json()["components"]["disk"] == {"status": "low"}


@pytest.mark.django_db
def test_metrics_say_what_is_spooled_and_what_the_disk_has_left(inside, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "one.spool").write_bytes(b"x" * 77)
    text = inside.get("/metrics").content.decode()
    assert "pixeltrack_spool_bytes 77.0" in text
    assert "pixeltrack_disk_free_bytes " in text


@pytest.mark.django_db
def test_metrics_are_for_this_machine_and_staff(inside, outside):
    page = inside.get("/metrics")
    assert page.status_code == 200
    assert "django_http_requests_total_by_method_total" in page.text
    assert staff(is_staff=True).get("/metrics").status_code == 200
    assert staff().get("/metrics").status_code == 404
    assert outside.get("/metrics").status_code == 404


@pytest.mark.django_db
def test_home_leads_to_the_admin(outside):
    assert outside.get("/")["Location"] == "/admin/"
