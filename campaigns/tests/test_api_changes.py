"""PUT and PATCH: what they change, and what they leave as it is."""

import pytest

from accounts.tests.people import assert_problem

pytestmark = pytest.mark.django_db
KINDS = ("campaigns", "groups", "contacts", "pixels")
# What may be changed of each kind, and one that PUT needs.
CHANGES = {
    "campaigns": {
        "name": "Changed",
        "time_zone": "Europe/Berlin",
        "pixels_per_contact": 3,
        "tracking": "off",
        "closed_at": "2026-03-01T08:00:00Z",
    },
    "groups": {"name": "Changed", "is_control": False},
    "contacts": {
        "email": "changed@example.com",
        "name": "Changed",
        "external_id": "crm-8",
        "scheduled_at": "2026-03-01T08:00:00Z",
        "sent_at": "2026-03-01T09:00:00Z",
    },
    "pixels": {},  # out in a mail it stays as it is
}
REQUIRED = {"campaigns": "name", "groups": "name", "contacts": "email", "pixels": "contact"}
EACH_CHANGE = [(kind, name) for kind in KINDS for name in CHANGES[kind]]


def row_of(house, kind):
    """What the API says, without the addresses of pixels, which look different each time."""
    row = house.client.get(house.addresses()[kind]).json()
    for pixel in (row, *row.get("pixels", ())):
        pixel.pop("url", None)
        pixel.pop("html", None)
    return row


@pytest.mark.parametrize("kind", KINDS)
def test_put_changes_all_that_may_be_changed(house, kind):
    before = row_of(house, kind)
    response = house.client.put(house.addresses()[kind], before | CHANGES[kind])
    assert response.status_code == 200, response.content
    assert row_of(house, kind) == before | CHANGES[kind]


@pytest.mark.parametrize(("kind", "name"), EACH_CHANGE)
def test_patch_changes_one_thing_and_leaves_the_rest(house, kind, name):
    before = row_of(house, kind)
    change = {name: CHANGES[kind][name]}
    response = house.client.patch(house.addresses()[kind], change)
    assert response.status_code == 200, response.content
    assert row_of(house, kind) == before | change


@pytest.mark.parametrize("kind", KINDS)
def test_put_needs_what_is_required_and_patch_needs_nothing(house, kind):
    before = row_of(house, kind)
    body = {name: value for name, value in before.items() if name != REQUIRED[kind]}
    response = house.client.put(house.addresses()[kind], body)
    assert_problem(response, 400, "required", REQUIRED[kind])
    assert house.client.patch(house.addresses()[kind], {}).status_code == 200
    assert row_of(house, kind) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["put", "patch"])
def test_what_is_unknown_or_only_read_is_ignored(house, kind, method):
    before = row_of(house, kind)
    strange = {
        "id": 4711,
        "created_at": "2001-01-01T00:00:00Z",
        "uuid": "00000000-0000-0000-0000-000000000001",
        "email_key": "x",
        "control_of": 1,
        "pixels": [],
        "misspelt": 1,
    }
    response = getattr(house.client, method)(house.addresses()[kind], before | strange)
    assert response.status_code == 200, response.content
    assert row_of(house, kind) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize("body", [[], "x", 7, None])
def test_a_body_that_is_no_row_changes_nothing(house, kind, method, body):
    before = row_of(house, kind)
    response = getattr(house.client, method)(house.addresses()[kind], body)
    assert response.status_code == (200 if method == "patch" and body is None else 400)
    assert row_of(house, kind) == before
