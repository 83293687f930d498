"""A client that is generated from the schema does a whole story: what an integrator would do."""

import importlib
import io
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from tests.stack import ADMIN, PASSWORD, Stack
from tests.wire import get
from tracking.tests.opened import PERSON

READER = {"User-Agent": PERSON}
NAME = "generated_pixeltrack_client"
# Its style is nobody's concern; it knows no JSON Lines, which come as text, and no pictures.
CONFIG = """
post_hooks: []
content_type_overrides:
  application/x-ndjson: text/plain
  image/gif: application/octet-stream
"""


@pytest.fixture(scope="module")
def package(stacks, tmp_path_factory):
    """Imports a module of the client that was made from the schema that the server shows."""
    folder = tmp_path_factory.mktemp("generated")
    schema = stacks("sqlite").client.get("/openapi.json").json()
    (folder / "schema.json").write_text(json.dumps(schema))
    (folder / "config.yaml").write_text(CONFIG)
    made = subprocess.run(
        [
            *[sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"],
            *["--path", "schema.json", "--config", "config.yaml"],
            *["--meta", "none", "--output-path", NAME],
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield lambda name: importlib.import_module(f"{NAME}.{name}")
        for module in [name for name in sys.modules if name.split(".")[0] == NAME]:
            del sys.modules[module]


class Integrator:
    """Knows the API by the generated client alone."""

    def __init__(self, package, stack: Stack):
        self.package, self.models = package, package("models")
        client = package("client")
        anybody = client.Client(base_url=stack.url, raise_on_unexpected_status=True)
        tokens = self.call(
            "token.token_create",
            client=anybody,
            body=self.models.TokenRequest(username=ADMIN, password=PASSWORD),
        )
        self.client = client.AuthenticatedClient(
            base_url=stack.url, token=tokens.access, raise_on_unexpected_status=True
        )

    def call(self, operation: str, *arguments, **keywords):
        keywords.setdefault("client", getattr(self, "client", None))
        answer = self.package(f"api.{operation}").sync(*arguments, **keywords)
        assert type(answer).__name__ != "Problem", answer
        return answer

    def make(self, operation: str, request: str, **fields):
        return self.call(operation, body=getattr(self.models, request)(**fields))


def test_a_generated_client_does_a_whole_story(package, stack):
    someone = Integrator(package, stack)
    campaign = someone.make(
        "campaigns.campaigns_create",
        "CampaignRequest",
        name=f"Generated {datetime.now(UTC)}",
        pixels_per_contact=2,
        group_names=["plain", "bold"],
    )
    assert campaign.id
    groups = someone.call("groups.groups_list", campaign=campaign.id).results
    assert {group.name for group in groups} == {"plain", "bold"}
    contacts = [
        someone.make(
            "contacts.contacts_create",
            "ContactRequest",
            group=group.id,
            email=f"reader{number}@example.com",
            scheduled_at=datetime(2026, 3, 1, tzinfo=UTC),
        )
        for number, group in enumerate(groups)
    ]
    pixels = someone.call("pixels.pixels_list", contact=contacts[0].id).results
    assert sorted(pixel.number for pixel in pixels) == [1, 2]
    for pixel in pixels:
        picture = get(pixel.url, headers=READER)
        assert picture.headers["Content-Type"] == "image/gif"
    stack.settle()

    openings = someone.call("openings.openings_list", campaign=campaign.id).results
    assert {opening.pixel for opening in openings} == {pixel.id for pixel in pixels}
    assert {opening.client for opening in openings} == {"Thunderbird"}
    figures = someone.call("campaigns.campaigns_statistics", campaign.id)
    assert (figures.contacts, figures.openings.total, figures.mail_opens.human) == (2, 2, 1)
    opened = {group.name: group.opened_contacts.verified for group in figures.groups}
    assert opened == {group.name: int(group.id == contacts[0].group) for group in groups}

    changed = someone.call(
        "contacts.contacts_partial_update",
        contacts[1].id,
        body=someone.models.PatchedContactRequest(name="Ada"),
    )
    assert changed.name == "Ada"
    someone.package("api.campaigns.campaigns_destroy").sync_detailed(
        campaign.id, client=someone.client
    )
    assert someone.call("contacts.contacts_list", campaign=campaign.id).results == []


def test_a_generated_client_sends_rows_and_a_file_to_take_in(package, stack):
    someone = Integrator(package, stack)
    campaign = someone.make(
        "campaigns.campaigns_create", "CampaignRequest", name=f"Imported {datetime.now(UTC)}"
    )
    row = someone.models.PostedImportRequestContactsItem(email="ada@example.com", name="Ada")
    row["city"] = "Paris"
    posted = someone.make(
        "imports.imports_create",
        "PostedImportRequest",
        campaign=campaign.id,
        contacts=[row, someone.models.PostedImportRequestContactsItem(email="nobody")],
    )
    file = someone.package("types").File(io.BytesIO(b"email\nbob@example.com\n"), "people.csv")
    uploaded = someone.make(
        "imports.imports_create", "UploadedImportRequest", campaign=campaign.id, file=file
    )
    stack.shell("from campaigns import import_steps; import_steps.work(); answer = None")

    posted = someone.call("imports.imports_retrieve", posted.id)
    assert (posted.state, posted.created, posted.rejected) == ("done", 1, 1)
    [reported] = someone.call("imports.imports_rows_list", posted.id).results
    assert (reported.line, reported.code, reported.value) == (2, "invalid", "nobody")
    uploaded = someone.call("imports.imports_retrieve", uploaded.id)
    assert (uploaded.state, uploaded.created, uploaded.file.columns) == ("done", 1, ["email"])


def test_a_generated_client_sends_a_page_view_and_reads_the_figures(package, stack):
    someone = Integrator(package, stack)
    page_id = f"generated {datetime.now(UTC)}"
    view = someone.models.PageView(page_id=page_id, user_id="ada")
    bad = someone.models.PageView(page_id=page_id, user_id="")
    assert someone.call("page_views.track", body=view).event_id
    stored, refused = someone.call("page_views.track", body=[view, bad]).results
    assert stored.event_id
    assert refused.error.field == "user_id"
    stack.settle()
    figures = someone.call("page_views.stats", page_id=page_id)
    assert (figures.total_views, figures.unique_visitors) == (2, 1)


def test_what_goes_wrong_is_a_problem_that_the_client_knows(package, stack):
    someone = Integrator(package, stack)
    refused = someone.package("api.contacts.contacts_create").sync(
        client=someone.client,
        body=someone.models.ContactRequest(group=10**12, email="nobody@example.com"),
    )
    assert isinstance(refused, someone.models.Problem)
    assert (refused.status, refused.errors[0].field, refused.errors[0].code) == (
        *(400, "group"),
        "does_not_exist",
    )
