from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from campaigns.address import check_address


@extend_schema_field({"type": "string", "format": "email"})
class AddressField(serializers.CharField):
    """An e-mail address by the rules for contacts. The model makes it what is kept."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.validators.append(check_address)
