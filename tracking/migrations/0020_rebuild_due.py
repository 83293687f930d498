from django.db import migrations


CONTACTS = 'contacts/0/0'


def ask_for_all(apps, schema_editor):
    """What was counted before lacks what it is broken down by; the worker makes it anew."""
    alias = schema_editor.connection.alias
    counts, days, due = (
        apps.get_model('tracking', name).objects.using(alias)
        for name in ('OpeningCount', 'CountedDay', 'RebuildDue')
    )
    groups = {group for rows in (counts, days) for (group,) in rows.order_by().values_list('group').distinct()}
    groups -= set(due.filter(place=CONTACTS).values_list('group', flat=True))
    due.bulk_create(
        [due.model(group_id=group, place=CONTACTS) for group in sorted(groups)], batch_size=500
    )


class Migration(migrations.Migration):

    dependencies = [
        ('tracking', '0019_rendered_verified'),
    ]

    operations = [
        migrations.RunPython(ask_for_all, migrations.RunPython.noop),
    ]
