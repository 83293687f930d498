from collections import Counter, defaultdict
from datetime import date

from django.db import migrations
from django.db.models import CharField, Count
from django.db.models.functions import Cast, Left

AT_ONCE = 1_000
ROWS_AT_ONCE = 100


def count_scheduled(apps, schema_editor):
    """How many contacts each group has for each minute of each day."""
    alias = schema_editor.connection.alias
    contacts, groups, counts = (
        apps.get_model('campaigns', name).objects.using(alias)
        for name in ('Contact', 'Group', 'ScheduledCount')
    )
    minute = Left(Cast('scheduled_at', CharField()), len('2026-03-01 12:00'))  # both keep UTC
    for group in groups.order_by('pk').values_list('pk', flat=True):
        own = contacts.filter(group_id=group).order_by().values_list(minute)
        counts.filter(group_id=group).delete()  # where it was broken off right after it
        days = defaultdict(Counter)
        for text, number in own.annotate(number=Count('*')):
            day, _, time = text.partition(' ')
            days[date.fromisoformat(day)][time] += number
        counts.bulk_create(
            [
                counts.model(group_id=group, day=day, contacts=minutes.total(), minutes=minutes)
                for day, minutes in sorted(days.items())
            ],
            batch_size=ROWS_AT_ONCE,
        )


def mark_shared(apps, schema_editor):
    """Mark the contacts whose address several groups of a campaign have."""
    alias = schema_editor.connection.alias
    groups = apps.get_model('campaigns', 'Group').objects.using(alias)
    campaigns = {}
    for campaign, group in groups.order_by('pk').values_list('campaign', 'pk'):
        campaigns.setdefault(campaign, []).append(group)
    for several in campaigns.values():
        mark_in(apps, alias, several)


def mark_in(apps, alias, groups):
    contacts = apps.get_model('campaigns', 'Contact').objects.using(alias)
    shared = apps.get_model('campaigns', 'SharedContact').objects.using(alias)
    shared.filter(group_id__in=groups).delete()
    marked = set()
    for number, group in enumerate(groups[:-1], 1):
        others, last = groups[number:], ''
        rows = contacts.filter(group_id=group).order_by('email_key').values_list('email_key', 'pk')
        while own := dict(rows.filter(email_key__gt=last)[:AT_ONCE]):
            last = list(own)[-1]
            twins = contacts.filter(group_id__in=others, email_key__in=list(own))
            found = {}
            for pk, other, key in twins.values_list('pk', 'group_id', 'email_key'):
                found |= {pk: other, own[key]: group}
            new = sorted(found.keys() - marked)
            shared.bulk_create([shared.model(contact_id=pk, group_id=found[pk]) for pk in new])
            marked.update(new)


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0007_scheduled_counts'),
    ]

    operations = [
        migrations.RunPython(count_scheduled, migrations.RunPython.noop),
        migrations.RunPython(mark_shared, migrations.RunPython.noop),
    ]
