"""The database schema as a graph in DOT, Graphviz's language, written from the models."""

from hashlib import sha256
from html import escape

from django.apps import apps
from django.db import models

APPS = {"accounts": "#cfe3f5", "campaigns": "#d5ebd0", "tracking": "#f8e3c4"}
WORDS = {
    "BigAutoField": "bigint",
    "BigIntegerField": "bigint",
    "BinaryField": "binary",
    "BooleanField": "boolean",
    "DateTimeField": "datetime",
    "IntegerField": "integer",
    "JSONField": "json",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "smallint",
    "UUIDField": "uuid",
}
# The edges' attributes in the order of the alphabet: between tables below each other Graphviz
# 2.43 takes one for another otherwise, and leaves out the ends of the lines.
HEAD = """\
digraph schema {
  graph [rankdir=LR, nodesep=0.35, ranksep=0.9, pad=0.3, bgcolor="#ffffff", fontname="Helvetica"];
  node [shape=plain, fontname="Helvetica", fontsize=11, fontcolor="#1d2733"];
  edge [arrowhead=crow];
  edge [arrowsize=0.7];
  edge [arrowtail=tee];
  edge [color="#5b6673"];
  edge [dir=both];
  edge [headport=""];
  edge [style=solid];
  edge [tailport=""];
"""


def digest(source: str) -> str:
    """Tells whether a picture was drawn from this source."""
    return sha256(source.encode()).hexdigest()


def dot_source() -> str:
    """Tables, an app below each other, and a line to each foreign key from its table."""
    columns = [list(apps.get_app_config(app).get_models()) for app in APPS]
    tables = [model for column in columns for model in column]
    lines = [node(model) for model in tables]
    lines += [stack(column) for column in columns]
    lines += [
        edge(field)
        for model in tables
        for field in model._meta.local_concrete_fields
        if field.is_relation and field.related_model in tables
    ]
    return HEAD + "\n".join(lines) + "\n}\n"


def stack(models_of_app) -> str:
    names = " -> ".join(model._meta.db_table for model in models_of_app)
    return f"  {{rank=same; {names} [style=invis];}}"


def node(model) -> str:
    meta = model._meta
    head = (
        f'<tr><td colspan="3" bgcolor="{APPS[meta.app_label]}" align="left">'
        f"<b>{escape(meta.db_table)}</b></td></tr>"
    )
    rows = "".join(row(field) for field in meta.local_concrete_fields)
    rows += "".join(unique_together(each) for each in meta.total_unique_constraints)
    return (
        f'  {meta.db_table} [label=<<table border="1" cellborder="0" cellspacing="0" '
        f'cellpadding="4" color="#8b97a5" bgcolor="#ffffff">{head}{rows}</table>>];'
    )


def row(field) -> str:
    name = escape(field.column)
    name = f"<b>{name}</b>" if field.primary_key else name
    empty = "?" if field.null else ""
    return (
        f'<tr><td align="left" port="{field.column}_w">{name}</td>'
        f'<td align="left"><font color="#5b6673">{word(field)}{empty}</font></td>'
        f'<td align="left" port="{field.column}_e">'
        f'<font color="#8a5a00">{marks(field)} </font></td></tr>'
    )


def unique_together(constraint) -> str:
    return (
        '<tr><td colspan="3" align="left"><font color="#8a5a00">'
        f"unique: {' + '.join(constraint.fields)}</font></td></tr>"
    )


def word(field) -> str:
    """The column's type, in a word that is true of both databases."""
    if isinstance(field, models.GeneratedField):
        return word(field.output_field)
    if field.is_relation:
        return word(field.target_field)
    return WORDS.get(field.get_internal_type()) or f"text({field.max_length})"


def marks(field) -> str:
    found = {
        "primary": field.primary_key,
        "unique": field.unique and not field.primary_key,
        "generated": isinstance(field, models.GeneratedField),
    }
    return ", ".join(mark for mark, holds in found.items() if holds)


def edge(field) -> str:
    """From the table referred to, so that the graph reads from left to right."""
    one, many = field.related_model._meta, field.model._meta
    same_app = one.app_label == many.app_label
    last_app = one.app_label == [*APPS][-1]
    start, end = ("ew", "ee" if last_app else "ww")[same_app]
    head = "tee" if field.unique else "crow"
    style = "dashed" if field.null else "solid"
    tail = f"{one.db_table}:{field.target_field.column}_{start}:{start}"
    return (
        f"  {tail} -> {many.db_table}:{field.column}_{end}:{end} [arrowhead={head}, style={style}];"
    )
