"""Every write, with every field of every model in its body: only what may be set is set.

The request is made twice, plain and with the fields; what differs in the database is looked at.
"""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.apps import apps
from django.db import models, transaction
from rest_framework import serializers

from campaigns.fields import AddressField
from campaigns.serializers import GroupSerializer
from pixeltrack.tests.matrix import BEFORE, SENDERS, Unlisted, body_for, fill
from pixeltrack.tests.written import (
    WRITABLE,
    listed,
    nested,
    serializer_for,
    serializers_for,
    taken_in,
    writes,
)

pytestmark = pytest.mark.django_db
MODELS = [model for app in ("accounts", "campaigns", "tracking")
          for model in apps.get_app_config(app).get_models()]  # fmt: skip
ADDRESS, TEXT = "injected@example.org", "injected"
LONG_AGO = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
KNOWN = UUID("0badf00d-0bad-4bad-8bad-0badf00d0bad")
NUMBER = 31234  # fits into the smallest column


def value_for(field, world):
    """What a request puts into a field that isn't its to set."""
    if field.is_relation:
        theirs = [row for row in world.belongings() if isinstance(row, field.related_model)]
        return theirs[0].pk if theirs else NUMBER
    kinds = {models.BooleanField: field.default is not True, models.DateTimeField: LONG_AGO,
             models.DateField: LONG_AGO.date(), models.UUIDField: KNOWN,
             models.EmailField: ADDRESS, AddressField: ADDRESS, models.IntegerField: NUMBER,
             models.GeneratedField: NUMBER}  # fmt: skip
    found = (value for kind, value in kinds.items() if isinstance(field, kind))
    if field.choices:
        return next(value for value, _ in reversed(field.choices) if value != field.default)
    return next(found, TEXT)


def injected(world) -> dict:
    """Every column of every model, under both names where it has two."""
    fields = [field for model in MODELS for field in model._meta.concrete_fields]
    values = {name: value_for(field, world) for field in fields
              for name in (field.name, field.attname)}  # fmt: skip
    return values | {"pk": NUMBER, "user": world.people["stranger"].pk}


def spread(body, extra):
    """The body with `extra` at every level of it."""
    if isinstance(body, dict):
        return {name: spread(value, extra) for name, value in body.items()} | extra
    if isinstance(body, list):
        return [spread(value, extra) for value in body]
    return body


def tables() -> dict:
    return {model: {row["pk"]: row for row in model.objects.order_by("pk").values("pk", *(
        field.attname for field in model._meta.concrete_fields))} for model in MODELS}  # fmt: skip


def send(world, method, address, body):
    sender = world.caller(SENDERS.get(f"{method} {address}", "manager"))
    response = sender.ask(method, fill(address, world), body)
    return response, b"".join(response)


def written_by(world, method, address, body) -> dict:
    """Model → the rows that the request made or changed, in order; then it is undone."""
    with transaction.atomic():
        BEFORE.get(f"{method} {address}", lambda world: None)(world)
        before = tables()
        response, content = send(world, method, address, body)
        after = tables()
        transaction.set_rollback(True)
    assert b'"error":' not in content, (method, address, content[:500])
    assert response.status_code < 400, (method, address, response.status_code, content[:500])
    return {model: [row for pk, row in after[model].items() if row != before[model].get(pk)]
            for model in MODELS}  # fmt: skip


def refused(world, method, address, body) -> set[str]:
    """The fields that the request refuses to set, with words, where others ignore them."""
    with transaction.atomic():
        response, content = send(world, method, address, body)
        transaction.set_rollback(True)
    errors = json.loads(content or "{}").get("errors", ()) if response.status_code == 400 else ()
    return {error["field"] for error in errors if error["code"] in ("immutable", "unknown_field")}


def smuggled(world, method, route) -> list[str]:
    """The fields that were set by a request that may not set them."""
    serializer = serializer_for(method, route, world.user)
    allowed = listed(serializer) if serializer else set()
    values = {name: value for name, value in injected(world).items() if name not in allowed}
    body = body_for(method, route.address, world)
    plain = written_by(world, method, route.address, body)
    sent = json.loads(json.dumps(values, default=str))
    odd_body = spread(body, sent)
    while fixed := refused(world, method, route.address, odd_body) & values.keys():
        for name in fixed:
            del odd_body[name]
    full = written_by(world, method, route.address, odd_body)
    found = []
    for model in MODELS:
        if len(plain[model]) != len(full[model]):
            found.append(f"{model.__name__}: {len(plain[model])} rows, {len(full[model])} with it")
        for usual, odd in zip(plain[model], full[model], strict=False):
            found += [
                f"{model.__name__}.{name}"
                for name in odd
                if name in values and odd[name] == values[name] and usual[name] != values[name]
            ]
    return found


@pytest.mark.parametrize(("method", "route"), writes(), ids=str)
def test_nothing_is_set_that_is_not_for_the_caller_to_set(world, method, route):
    assert smuggled(world, method, route) == []


def test_every_serializer_takes_in_what_the_table_lists_and_nothing_else(world):
    seen = {}
    for each_write in writes():
        for serializer in serializers_for(each_write, world.user):
            listed(serializer)
            for each in nested(serializer):
                seen.setdefault(type(each).__name__, set()).update(taken_in(each))
    assert {name: sorted(fields) for name, fields in seen.items()} == {
        name: sorted(fields.split()) for name, fields in WRITABLE.items()
    }


# -- The test itself can fail ------------------------------------------------------------------
def test_a_field_that_can_be_set_and_is_not_listed_is_found(world, monkeypatch):
    [route] = [route for method, route in writes()
               if route.address == "/api/groups/<pk>/" and method == "PATCH"]  # fmt: skip
    monkeypatch.setitem(
        GroupSerializer._declared_fields, "created_at", serializers.DateTimeField(required=False)
    )
    assert smuggled(world, "PATCH", route) == ["Group: 0 rows, 1 with it"]


def test_a_serializer_that_nobody_listed_is_refused_with_what_to_do():
    class NewSerializer(serializers.Serializer):
        is_staff = serializers.BooleanField()

    with pytest.raises(Unlisted, match=r"NewSerializer takes in \['is_staff'\]: add a line"):
        listed(NewSerializer())
