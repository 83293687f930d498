from django.db import migrations

from accounts.address import address_key

AT_ONCE = 5_000


def keep_domains_in_ascii(apps, schema_editor):
    """Addresses with letters beyond ASCII get the form that they are looked up by today.

    Where another user has it already, both stay as they are.
    """
    for model in ('User', 'Invitation'):
        rows = apps.get_model('accounts', model).objects.using(schema_editor.connection.alias)
        last = 0
        columns = rows.order_by('pk').values_list('pk', 'email')
        while some := list(columns.filter(pk__gt=last)[:AT_ONCE]):
            last = some[-1][0]
            for pk, email in some:
                key = address_key(email)
                if key == email or (model == 'User' and rows.filter(email=key).exclude(pk=pk).exists()):
                    continue
                rows.filter(pk=pk).update(email=key)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_no_blacklist'),
    ]

    operations = [migrations.RunPython(keep_domains_in_ascii, migrations.RunPython.noop)]
