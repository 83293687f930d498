import os
import re
import stat
import subprocess
import sys

from pixeltrack.bootstrap import KEYS, SECRETS, STORE_SECRETS, add_missing, write_env
from pixeltrack.tests.surroundings import ROOT, bare_environment


def values(path) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.+)$", path.read_text(), re.MULTILINE))


def test_it_writes_every_secret_and_the_first_admin(tmp_path):
    assert write_env(tmp_path / ".env")
    written = values(tmp_path / ".env")
    assert set(SECRETS) < written.keys()
    assert set(STORE_SECRETS) < set(SECRETS)
    assert written["DJANGO_SUPERUSER_USERNAME"] == "admin"
    assert written["DJANGO_SUPERUSER_EMAIL"] == "admin@example.com"


def test_each_value_has_a_comment_above_it(tmp_path):
    write_env(tmp_path / ".env")
    lines = (tmp_path / ".env").read_text().splitlines()
    assert all(lines[at - 1].startswith("#") for at, line in enumerate(lines) if "=" in line)


def test_no_secret_is_used_twice(tmp_path):
    write_env(tmp_path / "one")
    write_env(tmp_path / "two")
    one, two = values(tmp_path / "one"), values(tmp_path / "two")
    drawn = [file[name] for file in (one, two) for name in SECRETS]
    assert len(set(drawn)) == len(drawn)


def test_only_its_owner_can_read_it_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        write_env(tmp_path / ".env")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_it_never_overwrites_one_that_is_there(tmp_path):
    (tmp_path / ".env").write_text("PORT=8001\n")
    assert not write_env(tmp_path / ".env")
    assert (tmp_path / ".env").read_text() == "PORT=8001\n"


def test_to_one_that_is_there_it_adds_the_secrets_of_stores_and_touches_nothing_else(tmp_path):
    before = "PORT=8001\nexport REDIS_PASSWORD='mine'\nMYSQL_PASSWORD=  # none\nSTATS_PUBLIC=off"
    (tmp_path / ".env").write_text(before)
    added = add_missing(tmp_path / ".env")
    assert set(added) == set(STORE_SECRETS) - {"REDIS_PASSWORD"}
    assert (tmp_path / ".env").read_text().startswith(before + "\n")
    assert all(len(values(tmp_path / ".env")[name]) == 32 for name in added)
    assert add_missing(tmp_path / ".env") == []


def test_a_store_that_is_named_keeps_the_password_that_it_has_or_has_none(tmp_path):
    (tmp_path / ".env").write_text("MYSQL_HOST=db\nREDIS_HOST=cache\n")
    assert not {"MYSQL_PASSWORD", "REDIS_PASSWORD"} & set(add_missing(tmp_path / ".env"))


def test_it_says_what_it_adds(tmp_path):
    names = [*KEYS, *STORE_SECRETS]
    names.remove("GRAFANA_ADMIN_PASSWORD")
    (tmp_path / ".env").write_text("".join(f"{name}=x\n" for name in names))
    environment = bare_environment(tmp_path, PIXEL_ENV_FILE=str(tmp_path / ".env"))
    bootstrap = [sys.executable, "-m", "pixeltrack.bootstrap"]

    def say() -> str:
        return subprocess.check_output(bootstrap, env=environment, cwd=ROOT, text=True)

    assert say() == "Added to .env, with fresh secrets: GRAFANA_ADMIN_PASSWORD.\n"
    assert say() == ".env is there already; it stays as it is.\n"
    text = (tmp_path / ".env").read_text()
    (tmp_path / ".env").write_text(text.replace("FERNET_KEY=x\n", "FERNET_KEY=\n"))
    assert say().splitlines()[1].startswith(".env has no FERNET_KEY. Set them elsewhere, or add")
    assert "FERNET_KEY=\n" in (tmp_path / ".env").read_text()


def test_what_it_wrote_is_all_that_a_start_needs(tmp_path):
    environment = bare_environment(tmp_path, PIXEL_ENV_FILE=str(tmp_path / "new.env"))
    for name in SECRETS:
        environment.pop(name, None)
    write = [sys.executable, "-m", "pixeltrack.bootstrap"]
    written = subprocess.run(
        write, env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert written.stdout == "Wrote new.env with fresh secrets and the admin's password.\n"
    checked = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_it_needs_no_package_but_pythons_own(tmp_path):
    environment = bare_environment(tmp_path, PIXEL_ENV_FILE=str(tmp_path / ".env"))
    bare_python = [sys.executable, "-I", "-S", "pixeltrack/bootstrap.py"]
    subprocess.run(bare_python, env=environment, cwd=ROOT, check=True)
    assert values(tmp_path / ".env")
