import unicodedata

from django.db import models

from accounts.fields import validate_visible
from campaigns.address import ADDRESS_LENGTH


def name_key(name: str) -> str:
    """Equal for names that MySQL's default collation takes for the same: case and accents aside."""
    decomposed = unicodedata.normalize("NFKD", name.strip())
    return "".join(part for part in decomposed if not unicodedata.combining(part)).casefold()


class NameField(models.CharField):
    """A name that people give and compare: unique without regard to case, on both databases.

    MySQL's default collation does so already; SQLite is told to.
    """

    default_validators = [validate_visible]

    def __init__(self, *args, max_length=200, **kwargs):
        super().__init__(*args, max_length=max_length, **kwargs)

    def db_parameters(self, connection):
        collation = "NOCASE" if connection.vendor == "sqlite" else None
        return super().db_parameters(connection) | {"collation": collation}


class AddressField(models.CharField):
    """An e-mail address of a contact. What one is, `campaigns.address.read_address` decides, and
    the model's `clean` asks it: Django's own validator refuses some and takes others."""

    description = "E-mail address"

    def __init__(self, *args, max_length=ADDRESS_LENGTH, **kwargs):
        super().__init__(*args, max_length=max_length, **kwargs)


class ExactField(models.CharField):
    """A text of which every letter counts: MySQL's default collations would take `a`, `A` and `ä`
    for the same. (Spaces at the end don't count for it in any case.)"""

    def db_parameters(self, connection):
        collation = "utf8mb4_bin" if connection.vendor == "mysql" else None
        return super().db_parameters(connection) | {"collation": collation}


class DerivedKeyField(ExactField):
    """A key made from another field each time a row is saved."""

    def __init__(self, source=None, derive=None, **kwargs):
        super().__init__(editable=False, **kwargs)
        self.source, self.derive = source, derive

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["editable"]
        return name, path, args, kwargs

    def pre_save(self, instance, add):
        key = self.derive(getattr(instance, self.source))
        setattr(instance, self.attname, key)
        return key
