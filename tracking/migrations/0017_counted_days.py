from django.db import migrations
from django.db.models import F


def know_all_days(apps, schema_editor):
    """Statistics read the days that are known; of those from before, each has a stamp of its own."""
    alias = schema_editor.connection.alias
    days, counts, breakdowns = (
        apps.get_model('tracking', name).objects.using(alias)
        for name in ('CountedDay', 'OpeningCount', 'OpeningBreakdown')
    )
    known = set(days.values_list('group', 'day'))
    quarters = counts.order_by().values_list('group', 'quarter').distinct()
    found = {(group, quarter.date()) for group, quarter in quarters.iterator()}
    found |= set(breakdowns.order_by().values_list('group', 'day').distinct().iterator())
    days.bulk_create(
        [days.model(group_id=group, day=day) for group, day in sorted(found - known)],
        batch_size=500,
    )
    days.filter(stamp=0).update(stamp=F('pk'))


class Migration(migrations.Migration):

    dependencies = [
        ('tracking', '0016_archived_until_when'),
    ]

    operations = [
        migrations.RunPython(know_all_days, migrations.RunPython.noop),
    ]
