"""Adding to counts, and writing over rows, by one statement, whether or not the rows are there."""

from collections.abc import Sequence

from django.db import connections, models, router

from campaigns.models.insert import WRITTEN_AT_ONCE
from campaigns.models.literals import written_rows


def add_to(
    model: type[models.Model], key: Sequence[str], sums: Sequence[str], rows: Sequence[tuple]
):
    """Insert the rows (values of `key`, then of `sums`), or add to those that have the same key.
    Without `sums`, those that are there are only locked. Names are those of fields. Give rows
    sorted: two writers that lock them in different orders deadlock."""
    write(model, key, sums, rows, "{0} = {0} + {1}")


def put_in(
    model: type[models.Model], key: Sequence[str], names: Sequence[str], rows: Sequence[tuple]
):
    """The same, in the place of what those rows say that have the same key."""
    write(model, key, names, rows, "{0} = {1}")


def make_missing(
    model: type[models.Model], key: Sequence[str], names: Sequence[str], rows: Sequence[tuple]
):
    """The same, and those that have the same key stay as they are. Strictly, as ignoring conflicts
    would not be: MySQL then cuts what is too long."""
    write(model, key, names, rows, change=None)


def write(model, key, names, rows, change: str | None):
    connection = connections[router.db_for_write(model)]
    fields = [model._meta.get_field(name) for name in (*key, *names)]
    columns = [connection.ops.quote_name(field.column) for field in fields]
    changed = columns[len(key) :] if change else []
    conflict = on_conflict(connection.vendor, columns[: len(key)], changed, change)
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        some = rows[start : start + WRITTEN_AT_ONCE]
        written, parameters = written_rows(fields, some, connection)
        with connection.cursor() as cursor:
            cursor.execute(
                # Names from the models; every value is a parameter, or a number.
                f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"  # nosec B608
                f" VALUES {written} {conflict}",
                parameters,
            )


def on_conflict(vendor: str, key: Sequence[str], names: Sequence[str], change: str | None) -> str:
    """The end of an INSERT that changes the rows that are there; `VALUES()` is known to both
    MySQL and MariaDB."""
    new = "VALUES({0})" if vendor == "mysql" else "excluded.{0}"
    changes = [change.format(name, new.format(name)) for name in names]
    changed = ", ".join(changes) or f"{key[0]} = {new.format(key[0])}"  # to what it is
    if vendor == "mysql":
        return f"ON DUPLICATE KEY UPDATE {changed}"
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"  # nosec B608 # names from models
