"""The rule that lets an upgrade migrate while the version before it is at work: tables only grow.
What else a migration does needs a note in it that says why no old code stumbles over it; see
docs/operations.md."""

from collections.abc import Iterator

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader

OURS = ("accounts", "campaigns", "tracking")
# Those of the oldest version that may be upgraded (tests/old_version.py): nothing older is at work.
ALREADY_THERE = {"accounts": 6, "campaigns": 8, "tracking": 20}
NOTE = "beside_old_code"
HARMLESS = (
    migrations.CreateModel,
    migrations.AddIndex,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
)


def grows(operation) -> bool:
    """It only adds to the tables, and nothing that old code would have to fill in."""
    if isinstance(operation, migrations.AddField):
        field = operation.field
        return field.many_to_many or field.null or field.has_db_default()
    return isinstance(operation, HARMLESS)


def refused(migration) -> Iterator[str]:
    if not getattr(migration, NOTE, ""):
        for operation in migration.operations:
            if not grows(operation):
                yield f"{migration.app_label}.{migration.name}: {operation.describe()}"


def test_migrations_since_the_oldest_version_let_it_work_on():
    found = [
        line
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if app in OURS and int(name[:4]) > ALREADY_THERE[app]
        for line in refused(migration)
    ]
    assert found == [], f"Say in {NOTE} = '…' why the old version works on, or do it in two steps."


def migration(*operations, **attributes):
    made = type("Migration", (migrations.Migration,), attributes | {"operations": operations})
    return made("0099_later", "tracking")


@pytest.mark.parametrize(
    "operation",
    [
        migrations.CreateModel("Remark", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AddField("opening", "remark", models.TextField(null=True)),
        migrations.AddField("opening", "weight", models.IntegerField(default=1, db_default=1)),
        migrations.AddIndex("opening", models.Index(fields=["verdict"], name="some")),
    ],
)
def test_what_only_grows_needs_no_note(operation):
    assert [*refused(migration(operation))] == []


@pytest.mark.parametrize(
    "operation",
    [
        # Django fills it in by itself and leaves the column without a default: inserts would fail.
        migrations.AddField("opening", "weight", models.IntegerField(default=1)),
        migrations.RemoveField("opening", "remark"),
        migrations.RenameField("opening", "remark", "note"),
        migrations.AlterField("opening", "remark", models.CharField(max_length=2)),
        migrations.DeleteModel("Remark"),
        migrations.RenameModel("Remark", "Note"),
        migrations.RemoveIndex("opening", "some"),
        migrations.AddConstraint(
            "opening", models.UniqueConstraint(fields=["verdict"], name="sole")
        ),
        migrations.RunSQL("SELECT 1"),
        migrations.RunPython(migrations.RunPython.noop),
    ],
)
def test_what_old_code_may_stumble_over_needs_a_note(operation):
    [line] = refused(migration(operation))
    assert line.startswith("tracking.0099_later: ")
    assert [*refused(migration(operation, **{NOTE: "No version has read it since May."}))] == []
