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
                ('pk', models.CompositePrimaryKey('group', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('contacts', models.IntegerField(default=0)),
                ('minutes', models.JSONField(default=dict, help_text='Minute of the day, as in "07:15" → contacts; without zeros.')),
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
