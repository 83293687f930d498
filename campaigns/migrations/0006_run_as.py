import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0005_contact_imports'),
    ]

    operations = [
        migrations.AddField(
            model_name='contactimport',
            name='run_as',
            field=models.ForeignKey(editable=False, help_text='Of a dry run: the import by which its file was taken in for real.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='campaigns.contactimport'),
        ),
    ]
