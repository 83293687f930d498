"""The request of many contacts at once, and the answer to any many at once."""

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from campaigns.serializers.contact_row import ContactRowSerializer

MOST_ROWS = 10_000


class RowsField(serializers.ListField):
    """Any items: a list that checks its items would refuse them all for one of them."""

    default_error_messages = {"max_length": "Send at most {max_length} of them at once."}

    def __init__(self, **kwargs):
        super().__init__(max_length=MOST_ROWS, help_text=f"At most {MOST_ROWS}.", **kwargs)


@extend_schema_field(ContactRowSerializer(many=True))
class ContactRowsField(RowsField):
    pass


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two contacts",
            {
                "contacts": [
                    {
                        "group": 1,
                        "email": "ada@example.com",
                        "name": "Ada",
                        "external_id": "crm-7",
                        "scheduled_at": "2026-03-01T08:00:00Z",
                    },
                    {"group": 2, "email": "not an address"},
                ]
            },
            request_only=True,
        )
    ]
)
class BulkSerializer(serializers.Serializer):
    contacts = ContactRowsField()


class RowErrorSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="Stable, for programs.")
    field = serializers.CharField(allow_null=True, help_text="Null: the row as a whole.")
    detail = serializers.CharField(help_text="What is wrong and what to do, in a sentence.")


class BulkResultSerializer(serializers.Serializer):
    """What became of one row: `id` and `created`, or else `error`."""

    id = serializers.IntegerField(required=False)
    created = serializers.BooleanField(required=False, help_text="False: it was there already.")
    error = RowErrorSerializer(required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "One taken in, one refused",
            {
                "results": [
                    {"id": 4711, "created": True},
                    {
                        "error": {
                            "code": "invalid",
                            "field": "email",
                            "detail": 'There is no "@". Give the whole address, such as '
                            "ada@example.com.",
                        }
                    },
                ]
            },
            response_only=True,
        )
    ]
)
class BulkResultsSerializer(serializers.Serializer):
    results = BulkResultSerializer(many=True, help_text="In the order sent.")
