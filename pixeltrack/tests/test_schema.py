import re
import shutil

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import models

from pixeltrack.schema_picture import APPS, digest, dot_source

PICTURE = settings.BASE_DIR / "docs" / "schema.svg"


def test_the_picture_in_the_docs_is_that_of_the_models_as_they_are():
    assert f"<!-- drawn from {digest(dot_source())} -->" in PICTURE.read_text(), (
        "The models have changed: run `manage.py draw_schema`."
    )


def test_the_picture_shows_every_table_and_column_of_ours():
    texts = set(re.findall(r"<text [^>]*>([^<]*)</text>", PICTURE.read_text()))
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            columns = {field.column for field in model._meta.local_fields}
            assert {model._meta.db_table} | columns - {None} <= texts  # one of several has none


def test_another_column_makes_another_source(monkeypatch):
    before = digest(dot_source())
    team = apps.get_model("accounts.Team")
    field = models.BooleanField()
    field.set_attributes_from_name("extra")
    fields = [*team._meta.local_concrete_fields, field]
    monkeypatch.setattr(team._meta, "local_concrete_fields", fields)
    assert digest(dot_source()) != before


def test_it_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(CommandError, match="graphviz"):
        call_command("draw_schema")
