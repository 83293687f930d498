"""What docs/imports.md has somebody type in a shell does what it says there."""

import re
import shlex

import pytest
from django.conf import settings
from django.core.management import call_command

from campaigns.models import ContactImport
from campaigns.tests.factories import make_campaign
from campaigns.tests.importing import contacts_of, figures

pytestmark = pytest.mark.django_db
TEXT = (settings.BASE_DIR / "docs/imports.md").read_text().replace("\\\n", "")
COMMANDS = re.findall(r"^\.venv/bin/python manage\.py (import_contacts .*)$", TEXT, re.M)
[LIST] = re.findall(r"^```csv\n(.*?)^```$", TEXT, re.M | re.S)
SAMPLE = (settings.BASE_DIR / "fixtures/sample.json").read_text()


@pytest.mark.parametrize("command", [line for line in COMMANDS if "--resume" not in line])
def test_the_commands_of_the_docs_take_their_list_in(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(LIST)
    campaign = make_campaign(
        name="Spring newsletter", group_names=("A: text first", "B: picture first")
    )
    for name in (campaign.name, *campaign.groups.values_list("name", flat=True)):
        assert f'"{name}"' in SAMPLE
    call_command(*shlex.split(command))
    assert figures(ContactImport.objects.get()) == {"rows": 3, "created": 2, "rejected": 1}
    assert len(contacts_of(campaign)) == 2
    assert (tmp_path / "rejected.csv").exists() == ("--rejected" in command)


def test_there_are_commands_to_try():
    assert sum("--resume" in line for line in COMMANDS) == 1
    assert len(COMMANDS) >= 3
