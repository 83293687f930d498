from django.db import migrations
from django.db.models import F


AT_ONCE = 100


def find_early(apps, schema_editor):
    """Contacts that opened before the minute for which they are scheduled."""
    alias = schema_editor.connection.alias
    rows = apps.get_model('tracking', 'ContactOpenings').objects.using(alias)
    early = rows.filter(contact__scheduled_at__gt=F('first_at')).select_related('contact')
    changed = []
    for row in early.iterator():
        due = row.contact.scheduled_at.replace(second=0, microsecond=0)
        if row.first_at < due:
            row.early_group_id, row.early_until = row.contact.group_id, due
            changed.append(row)
    rows.bulk_update(changed, ['early_group', 'early_until'], batch_size=AT_ONCE)


class Migration(migrations.Migration):

    dependencies = [
        ('tracking', '0014_archived_breakdowns'),
    ]

    operations = [
        migrations.RunPython(find_early, migrations.RunPython.noop),
    ]
