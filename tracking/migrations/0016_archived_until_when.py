from datetime import timedelta

from django.db import migrations
from django.db.models import Max


END_OF_QUARTER = timedelta(minutes=15, milliseconds=-1)


def know_until_when(apps, schema_editor):
    """What was archived before, to the quarter of an hour: more was not kept."""
    alias = schema_editor.connection.alias
    counts = apps.get_model('tracking', 'ArchivedOpeningCount').objects.using(alias)
    until = apps.get_model('tracking', 'ArchivedUntil').objects.using(alias)
    known = set(until.values_list('group', flat=True))
    last = counts.exclude(group__in=known).order_by().values_list('group').annotate(Max('quarter'))
    until.bulk_create(
        [until.model(group_id=group, moment=quarter + END_OF_QUARTER) for group, quarter in last],
        batch_size=500,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('tracking', '0015_early_openers'),
    ]

    operations = [
        migrations.RunPython(know_until_when, migrations.RunPython.noop),
    ]
