import unicodedata

from django.core.exceptions import ValidationError
from django.db import models

from accounts.address import address_key

# Blank, though Unicode counts them among letters and symbols: Hangul fillers and empty Braille.
BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
UNSEEN = ("Z", "C", "M")  # separators, controls and formats, marks without a letter to stand on


def validate_visible(name: str):
    if all(each in BLANK or unicodedata.category(each).startswith(UNSEEN) for each in name):
        raise ValidationError("Give a name that can be seen.", code="invisible")


class LowercaseEmailField(models.EmailField):
    """An address that is kept, compared and looked up in lower case."""

    def to_python(self, value):
        value = super().to_python(value)
        return address_key(value) if value else value

    def get_prep_value(self, value):
        return self.to_python(super().get_prep_value(value))
