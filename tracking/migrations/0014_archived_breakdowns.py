from collections import Counter, defaultdict

from django.db import migrations


DIMENSIONS = ("client", "os", "device", "reason", "pixel", "delay")
OF_FIRSTS = {"delay": {"openings": 0, "mail_opens": 0}}  # it is counted of first openings alone


def archive_as_unknown(apps, schema_editor):
    """Of what retention deleted before, nobody knows any more what it was broken down by."""
    ArchivedOpeningCount = apps.get_model("tracking", "ArchivedOpeningCount")
    ArchivedBreakdown = apps.get_model("tracking", "ArchivedBreakdown")
    if ArchivedBreakdown.objects.exists():  # it was done, and broken off right after it
        return
    measures = ("openings", "mail_opens", "first_openings", "first_verified")
    found = defaultdict(Counter)
    for group, quarter, verdict, *numbers in ArchivedOpeningCount.objects.values_list(
        "group", "quarter", "verdict", *measures
    ).iterator():
        found[group, quarter.date(), verdict].update(dict(zip(measures, numbers)))
    ArchivedBreakdown.objects.bulk_create(
        (
            ArchivedBreakdown(
                group_id=group,
                day=day,
                verdict=verdict,
                dimension=dimension,
                **{**numbers, **OF_FIRSTS.get(dimension, {})},
            )
            for (group, day, verdict), numbers in found.items()
            for dimension in DIMENSIONS
        ),
        batch_size=500,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('tracking', '0013_stamps'),
    ]

    operations = [
        migrations.RunPython(archive_as_unknown, migrations.RunPython.noop),
    ]
