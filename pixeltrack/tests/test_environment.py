"""A start with a value that is missing, unknown or weak ends with one line that says which."""

import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from runpy import run_path
from secrets import token_urlsafe
from unittest.mock import patch

import pytest

from pixeltrack.tests.surroundings import ROOT, bare_environment

READ_SETTINGS = [sys.executable, "-c", "from django.conf import settings; settings.PORT"]
COMMANDS = {
    "manage.py": [sys.executable, "manage.py", "check"],
    "launcher": [sys.executable, "-m", "pixeltrack.launcher"],
    "gunicorn": [
        *(sys.executable, "-m", "gunicorn", "-c", "python:pixeltrack.gunicorn"),
        "pixeltrack.asgi:application",
    ],
    "celery": [sys.executable, "-m", "celery", "-A", "pixeltrack", "worker"],
}


@pytest.fixture
def environment(tmp_path):
    return bare_environment(tmp_path, DJANGO_SETTINGS_MODULE="pixeltrack.settings")


def start(environment, command) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def read(environment) -> dict:
    """The settings, read as by a start in this environment."""
    with patch.dict(os.environ, environment, clear=True):
        return run_path(str(ROOT / "pixeltrack" / "settings.py"))


def complaint(environment) -> str:
    """What a start says that fails; Python prints it and ends the process with status 1."""
    with pytest.raises(SystemExit) as end:
        read(environment)
    line = end.value.code
    assert line.startswith("PixelTrack can't start: ")
    assert "\n" not in line
    return line


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_command_says_it_in_one_line(environment, command):
    del environment["API_SECRET_KEY"]
    done = start(environment, command)
    assert done.returncode == 1, done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("PixelTrack can't start: API_SECRET_KEY is not set")
    assert line == complaint(environment)


def test_it_starts_with_the_secrets_alone(environment):
    done = start(environment, READ_SETTINGS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["DJANGO_SECRET_KEY", "API_SECRET_KEY", "FERNET_KEY"])
def test_it_asks_for_a_secret_that_is_missing(environment, name):
    del environment[name]
    line = complaint(environment)
    assert f"{name} is not set" in line
    assert "make env" in line


def test_where_a_file_is_there_make_env_is_no_way_out(environment, tmp_path):
    del environment["FERNET_KEY"]
    environment["PIXEL_ENV_FILE"] = str(tmp_path / ".env")
    (tmp_path / ".env").write_text("PORT=8001\n")
    line = complaint(environment)
    assert "FERNET_KEY is not set. Add its line to .env" in line
    assert "make env" not in line


def test_a_folder_that_can_not_be_made_is_named(environment, tmp_path):
    (tmp_path / "file").touch()
    environment["PIXEL_VAR_DIR"] = str(tmp_path / "file" / "var")
    line = complaint(environment)
    assert f"PIXEL_VAR_DIR: {tmp_path}/file/var can't be made (Not a directory)." in line


def test_two_servers_want_two_ports(environment):
    environment |= {"PORT": "8001", "PIXEL_METRICS_PORT": "8001"}
    assert "PIXEL_METRICS_PORT must differ from PORT." in complaint(environment)


def test_the_public_host_is_always_answered(environment):
    environment |= {
        "PUBLIC_URL": "https://track.example.com:8443",
        "DJANGO_ALLOWED_HOSTS": "admin.example.com, .example.org,[::1]",
    }
    assert read(environment)["ALLOWED_HOSTS"] == [
        "admin.example.com",
        ".example.org",
        "[::1]",
        "track.example.com",
    ]


def test_a_secret_that_is_set_to_nothing_is_missing(environment):
    environment["FERNET_KEY"] = ""
    assert "FERNET_KEY is not set" in complaint(environment)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DJANGO_SECRET_KEY", "short", "is weak: it has 5 bytes of at least 50."),
        ("DJANGO_SECRET_KEY", "changeme" * 10, "is weak: it repeats itself."),
        ("API_SECRET_KEY", "0123456789abcdef", "is weak: it has 16 bytes of at least 32."),
        ("API_SECRET_KEY", "secret" * 20, "is weak: it repeats itself."),
        ("FERNET_KEY", "not-a-key", "must be one or more Fernet keys"),
        ("FERNET_KEY", urlsafe_b64encode(b"k" * 31).decode(), "must be one or more Fernet keys"),
        ("FERNET_KEY", urlsafe_b64encode(b"k" * 32).decode(), "is weak: it repeats a few bytes."),
        ("API_SECRET_ALGORITHM", "none", "must be one of HS256, HS384, HS512."),
        ("API_ACCESS_TOKEN_EXPIRE_MINUTES", "0", "must be from 1 to 1440."),
        ("API_LOGIN_FAILURES", "0", "must be from 1 to 1000000."),
        ("API_LOGIN_LOCK_MINUTES", "1441", "must be from 1 to 1440."),
        ("API_MAX_BODY_BYTES", "10", "must be from 1024 to 1000000000."),
        ("PORT", "eight", "must be a whole number, in digits alone."),
        ("PORT", "70000", "must be from 1 to 65535."),
        ("MYSQL_PORT", "0", "must be from 1 to 65535."),
        ("TRUSTED_PROXIES", "-1", "must be from 0 to 10."),
        ("STATS_PUBLIC", "perhaps", "must be on or off."),
        ("API_SIGN_UP", "maybe", "must be one of open, invited, closed."),
        ("ADMIN_TWO_FACTOR", "yes", "must be one of off, optional, required."),
        ("PIXEL_LANE", "fast", "must be on or off."),
        ("PUBLIC_URL", "track.example.com", "must begin with http:// or https://"),
        ("PUBLIC_URL", "https://example.com/pixels", "must end after the host and port"),
        ("DJANGO_ALLOWED_HOSTS", "https://x.example", "https://x.example is none."),
        ("DJANGO_ALLOWED_HOSTS", "a.example, x.example:8000", "x.example:8000 is none."),
        ("MAX_IMPORT_BYTES", "1G", "must be a whole number, in digits alone."),
        ("REDIS_URL", "localhost:6379", "must begin with redis://"),
        ("REDIS_STREAM_URL", "http://localhost", "must begin with redis://"),
        ("REDIS_STREAM_SHARDS", "0", "must be from 1 to 1024."),
        ("DJANGO_SECRET_KEY_FALLBACKS", "short", "is weak: it has 5 bytes of at least 50."),
        ("OPENING_RETENTION_DAYS", "-1", "must be from 0 to 36500."),
        ("OPENING_RETENTION_DAYS", "36501", "must be from 0 to 36500."),
        ("OPENING_RETENTION_DAYS", "a year", "must be a whole number, in digits alone."),
    ],
)
def test_it_refuses_a_value(environment, name, value, reason):
    environment[name] = value
    line = complaint(environment)
    assert f"{name}: " in line
    assert reason in line
    if name.endswith("_KEY"):
        assert value not in line  # a secret, even a bad one, stays out of the logs


def test_the_two_secret_keys_must_differ(environment):
    environment["API_SECRET_KEY"] = environment["DJANGO_SECRET_KEY"]
    assert "API_SECRET_KEY must differ from DJANGO_SECRET_KEY." in complaint(environment)


def test_hs512_needs_a_key_of_64_bytes(environment):
    environment |= {"API_SECRET_ALGORITHM": "HS512", "API_SECRET_KEY": "0123456789abcdef" * 3}
    assert "API_SECRET_KEY: is weak: it has 48 bytes of at least 64." in complaint(environment)
    environment["API_SECRET_KEY"] = token_urlsafe(48)
    assert read(environment)["API_SECRET_ALGORITHM"] == "HS512"


def test_several_fernet_keys_are_taken_in_their_order(environment):
    new, old = (urlsafe_b64encode(bytes(range(n, n + 32))).decode() for n in (1, 50))
    environment["FERNET_KEY"] = f"{new}, {old}"
    assert read(environment)["FERNET_KEYS"] == [new, old]


def test_former_secret_keys_are_taken_with_commas_between_them(environment):
    former = [token_urlsafe(50), token_urlsafe(50)]
    environment["DJANGO_SECRET_KEY_FALLBACKS"] = ", ".join(former)
    assert read(environment)["SECRET_KEY_FALLBACKS"] == former


@pytest.mark.parametrize("what", ["opening", "page_view"])
@pytest.mark.parametrize(("days", "scheduled"), [("", False), ("0", False), ("30", True)])
def test_what_is_old_is_forgotten_every_night_where_a_number_of_days_is_set(
    environment, what, days, scheduled
):
    environment[f"{what.upper()}_RETENTION_DAYS"] = days
    planned = {entry["task"] for entry in read(environment)["CELERY_BEAT_SCHEDULE"].values()}
    forgetting = {each for each in planned if each.startswith("tracking.tasks.forget_old_")}
    assert forgetting == ({f"tracking.tasks.forget_old_{what}s"} if scheduled else set())


def test_one_bad_fernet_key_among_several_is_refused(environment):
    environment["FERNET_KEY"] += ",old"
    assert "FERNET_KEY: must be one or more Fernet keys" in complaint(environment)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PIXEL_LANES", "PIXEL_LANE"),
        ("API_SECRET_ALGORITM", "API_SECRET_ALGORITHM"),
        ("MYSQL_DATABSE", "MYSQL_DATABASE"),
        ("REDIS_STREAM_UR", "REDIS_STREAM_URL"),
        ("FERNET_KEYS", "FERNET_KEY"),
        ("OPENING_RETENTION_DAY", "OPENING_RETENTION_DAYS"),
    ],
)
def test_it_says_what_a_misspelt_name_may_have_meant(environment, name, meant):
    environment[name] = "1"
    line = complaint(environment)
    assert f"{name} is not a setting of PixelTrack. Did you mean {meant}?" in line


@pytest.mark.parametrize("name", ["PIXEL_X1", "API_X1", "MYSQL_X1", "REDIS_X1"])
def test_it_names_an_unknown_setting(environment, name):
    environment[name] = "1"
    assert f"{name} is not a setting of PixelTrack." in complaint(environment)


def test_a_mysql_host_needs_a_password(environment):
    environment["MYSQL_HOST"] = "db.example.com"
    assert "MYSQL_PASSWORD is not set." in complaint(environment)


def test_it_reads_the_env_file(environment, tmp_path):
    file = tmp_path / "settings"
    names = ("DJANGO_SECRET_KEY", "API_SECRET_KEY", "FERNET_KEY")
    file.write_text("".join(f"{name}={environment.pop(name)}\n" for name in names))
    assert "is not set" in complaint(environment)
    environment["PIXEL_ENV_FILE"] = str(file)
    assert read(environment)["SECRET_KEY"] in file.read_text()


def test_the_environment_comes_before_the_env_file(environment, tmp_path):
    file = tmp_path / "settings"
    file.write_text("PORT=nothing\n")
    environment |= {"PIXEL_ENV_FILE": str(file), "PORT": "8001"}
    assert read(environment)["PORT"] == 8001
    del environment["PORT"]
    assert "PORT: must be a whole number, in digits alone." in complaint(environment)


def test_it_names_a_stranger_in_the_env_file(environment, tmp_path):
    file = tmp_path / "settings"
    file.write_text("REDIS_PORTS=6379\n")
    environment["PIXEL_ENV_FILE"] = str(file)
    assert "REDIS_PORTS is not a setting of PixelTrack. Did you mean" in complaint(environment)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("PUBLIC_UR", "PUBLIC_URL"), ("TRUSTED_PROXY", "TRUSTED_PROXIES"), ("PORTS", "PORT")],
)
def test_every_name_in_the_env_file_is_meant_for_us(environment, tmp_path, name, meant):
    environment["PIXEL_ENV_FILE"] = str(tmp_path / ".env")
    (tmp_path / ".env").write_text(f"{name}=1\n")
    line = complaint(environment)
    assert f"{name} is not a setting" in line
    assert f"Did you mean {meant}?" in line


@pytest.mark.parametrize("name", ["PUBLIC_UR", "TRUSTED_PROXIE", "DJANGO_ALLOWED_HOST"])
def test_a_name_that_is_nearly_ours_is_named(environment, name):
    assert name in complaint(environment | {name: "1"})


def test_names_of_other_programs_are_left_alone(environment):
    others = {"HOSTS": "x", "PORTS": "x", "PUBLIC": "x", "HOSTNAME": "x", "DJANGO_COLORS": "dark"}
    assert read(environment | others)["HOST"] == "127.0.0.1"


def test_mysql_names_without_a_host_are_no_silent_sqlite(environment):
    assert "MYSQL_USER is set, and MYSQL_HOST" in complaint(environment | {"MYSQL_USER": "x"})


def test_in_the_env_file_they_are_there_for_docker_compose(environment, tmp_path):
    environment["PIXEL_ENV_FILE"] = str(tmp_path / ".env")
    (tmp_path / ".env").write_text("MYSQL_PASSWORD=abc\nMYSQL_DATABASE=views\nREDIS_PASSWORD=abc\n")
    settings = read(environment)
    assert settings["DATABASES"]["default"]["ENGINE"].endswith("sqlite3")
    assert settings["REDIS_EMBEDDED"]


@pytest.mark.parametrize(
    ("named", "login"),
    [
        ({}, ""),
        ({"REDIS_PASSWORD": "a/b"}, ":a%2Fb@"),
        ({"REDIS_PASSWORD": "a/b", "REDIS_USER": "me@home"}, "me%40home:a%2Fb@"),
        ({"REDIS_USER": "me"}, ""),
    ],
)
def test_redis_is_told_who_comes(environment, named, login):
    settings = read(environment | {"REDIS_HOST": "cache"} | named)
    assert settings["REDIS_URL"] == f"redis://{login}cache:6379/0"
    assert settings["CELERY_BROKER_URL"] == settings["REDIS_URL"]


def test_static_files_may_lie_ready_elsewhere(environment):
    assert str(read(environment)["STATIC_ROOT"]).endswith("/var/static")
    environment["PIXEL_STATIC_DIR"] = "/srv/static"
    assert str(read(environment)["STATIC_ROOT"]) == "/srv/static"


@pytest.mark.parametrize("between", ["\n", " ", ";"])
def test_fernet_keys_without_a_comma_are_not_one_key(environment, between):
    keys = [urlsafe_b64encode(bytes([n]) + bytes(range(31))).decode() for n in (1, 2)]
    assert "Fernet keys" in complaint(environment | {"FERNET_KEY": between.join(keys)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "http://[::1"),
        ("PUBLIC_URL", "http://h:abc"),
        ("PUBLIC_URL", "HTTPS://h.com"),
        ("PUBLIC_URL", "https://u:p@h.com"),
        ("REDIS_URL", "redis://h:abc/0"),
        ("DJANGO_SECRET_KEY", "django-insecure-0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9t"),
        ("API_SECRET_KEY", "0123456789abcdefghij0123456789abcdefghij"),
    ],
)
def test_it_refuses_what_only_looks_right(environment, name, value):
    assert f"{name}: " in complaint(environment | {name: value})


def test_spaces_around_a_value_are_no_part_of_it(environment):
    values = {"PUBLIC_URL": " https://h.com ", "DJANGO_ALLOWED_HOSTS": "a.com, b.com ,"}
    settings = read(environment | values)
    assert (settings["SECURE"], settings["PUBLIC_URL"]) == (True, "https://h.com")
    assert settings["ALLOWED_HOSTS"] == ["a.com", "b.com", "h.com"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"PIXEL_LANE: off\n", "line 1 of"), ("PORT=8000 # ü\n".encode("latin-1"), "UTF-8")],
)
def test_an_env_file_that_can_not_be_read_is_no_default(environment, tmp_path, content, reason):
    environment["PIXEL_ENV_FILE"] = str(tmp_path / ".env")
    (tmp_path / ".env").write_bytes(content)
    assert reason in complaint(environment)
