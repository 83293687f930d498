"""What Grafana may read: views in a database of its own, where MySQL has one for it.

Not rights to tables, because whoever may read a table reads all of its columns or breaks with a new
one, and because a table must be there before anybody is given rights to it. To that database
PixelTrack's own user may add views, and Grafana's user may read it and nothing else: so no upgrade
needs root, and none shows more than `grafana_views.sql` says.
"""

import re
from pathlib import Path

from django.db import connection

STATEMENTS = Path(__file__).with_suffix(".sql")


def statements(tables: str, views: str) -> dict[str, str]:
    """Name of the view → what makes it; the two databases by their names."""
    text = re.sub(r"^--.*\n", "", STATEMENTS.read_text(), flags=re.MULTILINE)
    text = text.replace("{tables}", f"`{tables}`").replace("{views}", f"`{views}`")
    found = [statement.strip() for statement in text.split(";") if statement.strip()]
    return {re.search(r"VIEW \S+\.(\w+) AS", statement)[1]: statement for statement in found}


def make_grafana_views() -> int:
    """After the tables are up to date; how many views there are. None where the database has no
    place for them: SQLite, or a MySQL without the database <PixelTrack's>_grafana."""
    if connection.vendor != "mysql":
        return 0
    tables = connection.settings_dict["NAME"]
    views = f"{tables}_grafana"
    schema = "SELECT 1 FROM information_schema.schemata WHERE schema_name = %s"
    present = "SELECT table_name FROM information_schema.views WHERE table_schema = %s"
    with connection.cursor() as cursor:
        cursor.execute(schema, [views])
        if not cursor.fetchone():
            return 0
        wanted = statements(tables, views)
        for statement in wanted.values():
            cursor.execute(statement)
        cursor.execute(present, [views])
        for (name,) in set(cursor.fetchall()) - {(name,) for name in wanted}:
            cursor.execute(f"DROP VIEW `{views}`.`{name}`")
    return len(wanted)
