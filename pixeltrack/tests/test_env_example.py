"""What the settings are told in four places: settings.py, .env.example, the README, `make env`."""

import os
import re
from runpy import run_path
from unittest.mock import patch

import pytest

from pixeltrack.bootstrap import SECRETS, template
from pixeltrack.tests.surroundings import ROOT, bare_environment

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
# For tests, and for the processes that PixelTrack starts.
TOLD_NOWHERE = {"PIXEL_ENV_FILE", "PIXEL_OUTCOME_HEADER", "DJANGO_SETTINGS_MODULE"}
# What it says depends on the folder.
OF_ITS_PLACE = {"PIXEL_VAR_DIR"}


@pytest.fixture
def environment(tmp_path):
    return bare_environment(tmp_path, DJANGO_SETTINGS_MODULE="pixeltrack.settings")


def read(environment) -> dict:
    with patch.dict(os.environ, environment, clear=True):
        return run_path(str(ROOT / "pixeltrack" / "settings.py"))


def as_text(value) -> str:
    """Also of objects that are made anew."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def in_the_example() -> set[str]:
    return set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE))


def in_the_readme() -> set[str]:
    """`…_EMAIL` stands for a name that begins as the one before it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = text.partition("\n## Settings\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (.*?) \|", settings, re.MULTILINE)
    names = re.findall(r"`(…?[A-Z_]{4,})`", " ".join(cells))
    told, whole = set(), ""
    for name in names:
        whole = whole if name[0] == "…" else name
        told.add(whole.rpartition("_")[0] + name[1:] if name[0] == "…" else name)
    return told


def test_the_example_names_every_setting_and_no_other(environment):
    assert in_the_example() == read(environment)["env"].known() - TOLD_NOWHERE


def test_the_readme_names_every_setting_and_no_other():
    assert in_the_readme() == in_the_example()


def test_each_has_words_of_its_own_above_it():
    for name in in_the_example():
        above = re.search(rf"^(.*)\n(?:# )?{name}=", EXAMPLE, re.MULTILINE)[1]
        assert re.match(r"# +\S+", above), name


def test_the_defaults_it_tells_are_those_that_hold(environment, tmp_path):
    """Values that are shown are set, and change nothing."""
    shown = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    given = {name: value for name, value in shown.items() if value and name not in OF_ITS_PLACE}
    assert len(given) > 20
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    without, with_them = read(environment), read(environment | {"PIXEL_ENV_FILE": str(file)})
    for name in filter(str.isupper, without):
        if name == "ALLOWED_HOSTS":
            assert set(without[name]) == set(with_them[name])
        else:
            assert as_text(without[name]) == as_text(with_them[name]), name


def test_every_secret_is_empty_there():
    assert {name for name, text in template().items() if text.endswith("=\n")} == SECRETS.keys()
    assert template().keys() - SECRETS.keys() == {
        "DJANGO_SUPERUSER_USERNAME",
        "DJANGO_SUPERUSER_EMAIL",
    }
