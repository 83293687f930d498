import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0006_run_as'),
    ]

    operations = [
        migrations.CreateModel(
            name='CampaignTurn',
            fields=[
                ('campaign', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='turn', serialize=False, to='campaigns.campaign')),
                ('taken', models.PositiveBigIntegerField(default=0, help_text='So many times.')),
            ],
        ),
        migrations.CreateModel(
            name='ScheduledCount',
            fields=[
                ('pk', models.CompositePrimaryKey('group', 'span', 'begins', blank=True, editable=False, primary_key=True, serialize=False)),
                ('span', models.PositiveSmallIntegerField(choices=[(1, 'Minute'), (1440, 'Day')], help_text='So many minutes.')),
                ('begins', models.BigIntegerField(help_text='In minutes from 1970 (UTC).')),
                ('contacts', models.IntegerField(default=0)),
                ('group', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='scheduled_counts', to='campaigns.group')),
            ],
        ),
        migrations.CreateModel(
            name='SharedContact',
            fields=[
                ('contact', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='shared', serialize=False, to='campaigns.contact')),
                ('group', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='shared_contacts', to='campaigns.group')),
            ],
        ),
    ]
