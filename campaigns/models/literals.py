"""Numbers, moments, UUIDs and texts of harmless signs alone, written into statements.

As a parameter, each of them would take Django and the driver up to fifty times as long, and the
consumer names hundreds in every statement. All other texts stay parameters.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import models

# Nothing that means anything within quotes, to a database or to its driver, nor spaces, which some
# databases drop at the end.
HARMLESS = re.compile(r"[A-Za-z0-9._:/@+-]*", re.ASCII)
NUMBERS = {int, bool, type(None)}
PLAIN = {str, int, type(None)}
# What no text can be smuggled in by: Django's adapters make digits and punctuation of them.
WRITTEN = {datetime, date, UUID, type(None)}
MOMENTS = {datetime, type(None)}
UUIDS = ({UUID}, {bytes})  # the 16 bytes


def written_rows(
    fields: Sequence[models.Field], rows: Sequence[tuple], connection
) -> tuple[str, list | None]:
    """Rows (a value for each of the fields) as VALUES has them, and their parameters, if any."""
    written, texts = [], []
    for field, values in zip(fields, zip(*rows, strict=True), strict=True):
        if values.count(values[0]) == len(rows):
            column = literals(field, values[:1], connection)
            column = column and column * len(rows)
        else:
            column = literals(field, values, connection)
        if column is None:
            column = ["%s"] * len(rows)
            texts.append(prepared_column(field, values, connection))
        written.append(column)
    told = ", ".join([f"({', '.join(row)})" for row in zip(*written, strict=True)])
    return told, [text for row in zip(*texts, strict=True) for text in row] if texts else None


def literals(field: models.Field, values: Sequence, connection) -> list[str] | None:
    """None where texts are among them, or what is no better."""
    kinds = set(map(type, values))
    if kinds <= NUMBERS:
        return ["NULL" if value is None else str(int(value)) for value in values]
    if kinds <= MOMENTS and are_utc(field, values, connection):
        return ["NULL" if value is None else f"'{value.isoformat(' ')[:-6]}'" for value in values]
    if isinstance(field, models.UUIDField) and kinds in UUIDS:
        return ids(values)  # as each database takes them
    if kinds == {str} and not isinstance(field, models.JSONField):
        return [f"'{value}'" for value in values] if HARMLESS.fullmatch("".join(values)) else None
    if kinds <= WRITTEN:
        prepared = prepared_column(field, values, connection)
        return ["NULL" if value is None else f"'{value}'" for value in prepared]
    return None


def are_utc(field: models.Field, moments: Sequence[datetime | None], connection) -> bool:
    """Moments of which a database that keeps UTC takes all but the offset at the end."""
    zones = {moment.tzinfo for moment in moments if moment}
    is_moment = isinstance(field, models.DateTimeField)
    return is_moment and zones <= {UTC} and connection.timezone is UTC


def prepared_column(field: models.Field, values: Sequence, connection) -> Sequence:
    """As the database's driver takes them."""
    if isinstance(field, models.JSONField):
        empty = field.get_db_prep_save({}, connection)
        return [
            field.get_db_prep_save(value, connection) if value != {} else empty for value in values
        ]
    if set(map(type, values)) <= PLAIN:
        return values
    # The rows of a list share what is no text: a moment, most often.
    prepared = {value: field.get_db_prep_save(value, connection) for value in set(values)}
    return [prepared[value] for value in values]


@models.Field.register_lookup
@models.ForeignKey.register_lookup
class Among(models.Lookup):
    """`IN`, of ids and UUIDs, which may be given as their 16 bytes: filter(pk__among={1, 2})."""

    lookup_name = "among"
    prepare_rhs = False

    def get_prep_lookup(self) -> frozenset:
        return frozenset(self.rhs)

    def as_sql(self, compiler, connection):
        if not self.rhs:
            raise EmptyResultSet
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} IN ({', '.join(ids(self.rhs))})", parameters


def ids(values: Iterable[int | UUID | bytes]) -> list[str]:
    kinds = set(map(type, values))
    if kinds == {int}:
        return [*map(str, values)]
    if kinds == {UUID}:
        return [f"'{value.hex}'" for value in values]
    if kinds == {bytes}:
        return [f"'{value.hex()}'" for value in values]
    raise TypeError(f"ids or UUIDs, and not {kinds}")
