"""Adding to counts by one statement, whether or not their rows are there."""

from collections.abc import Sequence

from django.db import connections, models, router, transaction

from accounts.retry import retry_transaction
from campaigns.models.insert import prepared_column


def add_to(
    model: type[models.Model], key: Sequence[str], sums: Sequence[str], rows: Sequence[tuple]
):
    """Insert the rows (values of `key`, then of `sums`), or add to those that have the same key.
    Names are those of fields. Give rows sorted: two writers that lock them in different orders
    deadlock."""
    if not rows:
        return
    connection = connections[router.db_for_write(model)]
    fields = [model._meta.get_field(name) for name in (*key, *sums)]
    columns = [field.column for field in fields]
    prepared = (
        prepared_column(field, column, connection)
        for field, column in zip(fields, zip(*rows, strict=True), strict=True)
    )
    written, values = written_rows(list(zip(*prepared, strict=True)))
    with connection.cursor() as cursor:
        cursor.execute(
            # Names from the models; every value is a parameter, or a number.
            f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"  # nosec B608
            f" VALUES {written}"
            f" {on_conflict_add(connection.vendor, columns[: len(key)], columns[len(key) :])}",
            values,
        )


def written_rows(rows: Sequence[tuple]) -> tuple[str, list | None]:
    """Rows as a statement says them, and its parameters. Numbers stand in it as they are: as
    parameters, each would take several times as long."""
    if all(type(value) is int for row in rows for value in row):
        return ", ".join([f"({', '.join(map(str, row))})" for row in rows]), None
    row = f"({', '.join(['%s'] * len(rows[0]))})"
    return ", ".join([row] * len(rows)), [value for row in rows for value in row]


@retry_transaction
@transaction.atomic
def make_missing(queryset: models.QuerySet, key: Sequence[str], rows: Sequence[models.Model]):
    """Insert those of the rows whose key nobody has. Strictly, as ignoring conflicts would not be:
    MySQL then cuts what is too long. Give rows sorted, outside of any transaction."""
    can_name_key = connections[queryset.db].features.supports_update_conflicts_with_target
    queryset.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=key[:1],  # to what it is
        unique_fields=key if can_name_key else None,
    )


def on_conflict_add(vendor: str, key: Sequence[str], sums: Sequence[str]) -> str:
    """The end of an INSERT that adds to the rows that are there; `VALUES()` is known to both
    MySQL and MariaDB."""
    new = "VALUES({0})" if vendor == "mysql" else "excluded.{0}"
    added = ", ".join(f"{name} = {name} + {new.format(name)}" for name in sums)
    if vendor == "mysql":
        return f"ON DUPLICATE KEY UPDATE {added}"
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {added}"  # nosec B608 # names from models
