from django.db import models

from accounts.address import address_key


class LowercaseEmailField(models.EmailField):
    """An address that is kept, compared and looked up in lower case."""

    def to_python(self, value):
        value = super().to_python(value)
        return address_key(value) if value else value

    def get_prep_value(self, value):
        return self.to_python(super().get_prep_value(value))
