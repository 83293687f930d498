"""RFC 9457 problem details: the body of every error that programs get."""

from http import HTTPStatus

from accounts.media_types import PROBLEM
from accounts.row_error import sentence

CONTENT_TYPE = PROBLEM


def problem(status: int, code: str, detail: str, errors=()) -> dict:
    """`type` says that the status and the code tell it all."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentence(detail),
        "code": code,
        "errors": list(errors),
    }
