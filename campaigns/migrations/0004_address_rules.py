import campaigns.fields
from django.core.exceptions import ValidationError
from django.db import migrations

from accounts.address import address_key
from campaigns.address import read_address

AT_ONCE = 5_000


def read_or_keep(email):
    try:
        return read_address(email)
    except ValidationError:
        return email


def keep_domains_in_ascii(apps, schema_editor):
    """Addresses with letters beyond ASCII get the form and the key that they would get today.

    Where another contact of the group has that key already, both stay as they are.
    """
    contacts = apps.get_model('campaigns', 'Contact').objects.using(schema_editor.connection.alias)
    columns = contacts.order_by('pk').values_list('pk', 'group_id', 'email', 'email_key')
    last = 0
    while some := list(columns.filter(pk__gt=last)[:AT_ONCE]):
        last = some[-1][0]
        for pk, group, email, old in some:
            key = address_key(email)
            if key == old and email.isascii():
                continue
            twins = contacts.filter(group_id=group, email_key=key).exclude(pk=pk)
            if not twins.exists():
                contacts.filter(pk=pk).update(email=read_or_keep(email), email_key=key)


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0003_removal_and_anonymous'),
    ]

    operations = [
        # The column is the same; without this SQLite would copy the whole table.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='contact',
                    name='email',
                    field=campaigns.fields.AddressField(help_text='Only the address, without a name beside it. It is kept with its domain in lower case and in ASCII (bücher.example becomes xn--bcher-kva.example), which every mail provider takes; what is before the @ stays as given.', max_length=254, verbose_name='e-mail address'),
                ),
            ],
        ),
        migrations.RunPython(keep_domains_in_ascii, migrations.RunPython.noop),
    ]
