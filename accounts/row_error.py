"""What is wrong with one of many rows, or with a whole request, in words that can be sent."""

from dataclasses import asdict, dataclass

from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

DETAIL_LENGTH = 500  # an error may quote what was sent


def sentence(text) -> str:
    """Cut to length, and without the lone surrogates that JSON may carry and UTF-8 may not."""
    return str(text)[:DETAIL_LENGTH].encode(errors="replace").decode()


@dataclass(frozen=True)
class RowError:
    """Why a row is not taken in."""

    code: str
    field: str | None
    detail: str

    @classmethod
    def first_of(cls, found, field=None) -> "RowError":
        """The first thing that a serializer found wrong: an ErrorDetail, or dicts and lists of
        them."""
        if isinstance(found, ErrorDetail):
            return cls(found.code, field, sentence(found))
        if isinstance(found, dict):
            name, inner = next(iter(found.items()))
            return cls.first_of(inner, None if name == api_settings.NON_FIELD_ERRORS_KEY else name)
        return cls.first_of(found[0], field)

    @property
    def result(self) -> dict:
        """What is answered to the row."""
        return {"error": asdict(self)}
