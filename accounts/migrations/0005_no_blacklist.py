from django.db import migrations

# The second one refers to the first.
TABLES = ("token_blacklist_blacklistedtoken", "token_blacklist_outstandingtoken")


def drop_blacklist(apps, schema_editor):
    """Families took its place. It kept refresh tokens in clear: they are not to stay behind.

    Its app is no longer installed, so that its tables are there only where it once was. Tokens
    from before have no family: their holders log in once more.
    """
    connection = schema_editor.connection
    there = connection.introspection.table_names()
    for table in TABLES:
        if table in there:
            schema_editor.execute(f"DROP TABLE {connection.ops.quote_name(table)}")
    apps.get_model("contenttypes", "ContentType").objects.filter(
        app_label="token_blacklist"
    ).delete()


class Migration(migrations.Migration):
    # MySQL can't undo a DROP, and Django refuses it inside a transaction. Broken off, it may be
    # run again.
    atomic = False

    dependencies = [
        ("accounts", "0004_token_families"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(drop_blacklist, migrations.RunPython.noop, atomic=False)]
