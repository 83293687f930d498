"""UUIDs as the database tells them, where Django would make an object of each: that takes five
times as long, and the consumer asks for thousands a second."""

from django.db.models import CharField, Func


class AsText(Func):
    """values_list(AsText("uuid"))"""

    template = "%(expressions)s"
    output_field = CharField()


def uuid_bytes(text: str) -> bytes:
    """The 16 bytes; some databases put hyphens in between."""
    return bytes.fromhex(text.replace("-", ""))
