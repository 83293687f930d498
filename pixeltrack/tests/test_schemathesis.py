"""What the schema says is what the API does: generated requests to every operation, by each role.

They are the same in every run and for every role, SCHEMA_EXAMPLES of them for each operation
(`make prove` sends more); each is undone. Nearly all generated ids are nobody's, so every other
request is given those of rows that are there.
"""

import os
from functools import cache as remembered

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from rest_framework.response import Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from campaigns.api import CampaignViewSet
from pixeltrack.tests.ids import places, put
from pixeltrack.wsgi import application

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "2"))
ROLES = ("anonymous", "viewer", "editor", "manager", "superuser")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
GENERATED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def kept_connection():
    """A server closes old connections around each request; this one holds the transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def read_schema(document: dict):
    schema = schemathesis.openapi.from_dict(document)
    schema.app = application
    return schema


def operations(schema) -> dict:
    return {each.ok().label: each.ok() for each in schema.get_all_operations()}


OPERATIONS = operations(read_schema(SchemaGenerator().get_schema(request=None, public=True)))


@remembered
def requests_to(label: str):
    """Requests as the schema wants them, and such as it doesn't."""
    operation = OPERATIONS[label]
    return st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))


def name_rows(case, world):
    """Put ids of rows that are there into the address and the body."""
    kind = case.operation.path.removeprefix("/api/").split("/")[0]
    if "id" in (case.path_parameters or {}) and kind in world.rows:
        case.path_parameters = case.path_parameters | {"id": world.rows[kind].pk}
    if isinstance(case.body, dict | list):
        for path in places(case.body):
            if row := world.row(path[-1]):
                case.body = put(case.body, path, row.pk)


def check(case, world, role):
    cache.clear()  # or only so many could sign up
    with transaction.atomic():
        response = case.call(headers=world.caller(role).authorization)
        transaction.set_rollback(True)
    case.validate_response(response, checks=CHECKS)
    return response


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_that_the_schema_tells_of(world, label):
    @GENERATED
    @given(case=requests_to(label), real=st.booleans())
    def send(case, real):  # by all: to generate a request takes longer than to answer it
        if real:
            name_rows(case, world)
        for role in ROLES:
            note(f"As {role}:")
            check(case, world, role)

    send()


def failures(monkeypatch, world, view) -> list[str]:
    """What is found where the list of campaigns answers so."""
    monkeypatch.setattr(CampaignViewSet, "list", view)
    with pytest.raises(FailureGroup) as found:
        check(OPERATIONS["GET /api/campaigns/"].Case(), world, "viewer")
    return [type(failure).__name__ for failure in found.value.exceptions]


@pytest.mark.parametrize(
    "answer", [{"results": "none"}, {"next": None, "previous": None, "results": [{"id": "x"}]}]
)
def test_an_answer_of_another_shape_is_found(world, monkeypatch, answer):
    found = failures(monkeypatch, world, lambda *_: Response(answer))
    assert set(found) == {"JsonSchemaError"}


def test_a_status_that_the_schema_does_not_tell_of_is_found(world, monkeypatch):
    found = failures(monkeypatch, world, lambda *_: Response(status=204))
    assert "MissingContentType" in found  # any other status is told to be a problem


def test_a_server_error_is_found(world, monkeypatch):
    found = failures(monkeypatch, world, lambda *_: 1 / 0)
    assert found == ["ServerError"]
