"""Where Grafana has no database for its views. Where it has one: tests/test_grafana_sql.py"""

import re

import pytest
from django.apps import apps

from pixeltrack.grafana_views import make_grafana_views, statements


@pytest.mark.django_db
def test_nothing_is_made_where_there_is_no_place_for_views():
    assert make_grafana_views() == 0


def test_each_view_reads_columns_that_models_have():
    columns = {
        model._meta.db_table: {field.column for field in model._meta.concrete_fields}
        for model in apps.get_models()
    }
    for name, statement in statements("pixeltrack", "pixeltrack_grafana").items():
        assert f"VIEW `pixeltrack_grafana`.{name} AS" in statement
        chosen, table = re.search(
            r"SELECT (.+)\s+FROM `pixeltrack`\.(\w+)", statement, re.S
        ).groups()
        names = {column.split(" AS ")[0].strip() for column in chosen.split(",")}
        assert names <= columns[table], name
