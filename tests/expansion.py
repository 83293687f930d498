"""Changes of tables as pixeltrack/tests/test_migrations.py allows them, to be made while code that
knows nothing of them is at work. Runs inside Django (`manage.py shell`)."""

from django.core.management import call_command
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

APP = "tracking"
OPERATIONS: list[Operation] = [
    migrations.AddField("opening", "remark", models.CharField(max_length=40, null=True)),
    migrations.AddField("opening", "weight", models.IntegerField(default=1, db_default=1)),
    migrations.AddField("contactopenings", "weight", models.IntegerField(default=1, db_default=1)),
    migrations.AddField("pageview", "weight", models.IntegerField(default=1, db_default=1)),
    migrations.AddIndex("opening", models.Index(fields=["weight", "group"], name="heavy")),
    migrations.CreateModel(
        "Remark",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("opening", models.ForeignKey("tracking.Opening", models.CASCADE)),
        ],
    ),
]


def upgrade() -> int:
    """Migrate, then make these changes; how many they are."""
    call_command("migrate", verbosity=0)
    state = MigrationLoader(connection).project_state()
    for operation in OPERATIONS:
        before = state.clone()
        operation.state_forwards(APP, state)
        with connection.schema_editor() as editor:
            operation.database_forwards(APP, editor, before, state)
    return len(OPERATIONS)
