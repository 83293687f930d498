"""Errors as RFC 9457 problem details, wherever in the API they arise."""

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpResponseBadRequest, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.views import defaults
from rest_framework.exceptions import APIException, ErrorDetail, ParseError, ValidationError
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from accounts.problem import CONTENT_TYPE, problem
from accounts.row_error import sentence

PROGRAMS = ("/api", "/openapi.json", "/track", "/stats")


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = "The request has more in it than is allowed. Send it in parts."


def is_for_programs(path: str) -> bool:
    """Who asks here wants no page, not even when nothing is there."""
    return path.startswith("/api/") or path in PROGRAMS


def problem_response(error, context):
    """REST framework's EXCEPTION_HANDLER."""
    error = in_words_of_rest_framework(error)
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = problem(response.status_code, *explain(error, response.data))
    renderer = getattr(context["request"], "accepted_renderer", None)
    if renderer is None or renderer.format == "json":  # not the browsable API
        response.content_type = CONTENT_TYPE
    return response


def in_words_of_rest_framework(error):
    """What Django raises at a request that it won't read, and would log with a traceback."""
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if isinstance(error, (TooManyFieldsSent, TooManyFilesSent)):
        return TooLarge("The request has more fields or files than are allowed.")
    if isinstance(error, (BadRequest, MultiPartParserError, SuspiciousOperation)):
        return ParseError("The request can't be read.")
    return error


def explain(error, data) -> tuple[str, str, list[dict]]:
    """The code, the sentence and the single errors of what REST framework would answer."""
    if isinstance(error, ValidationError):
        errors = list(flatten(data))
        return ValidationError.default_code, summary(errors), errors
    detail = data["detail"]
    # SimpleJWT puts the code beside the sentence.
    return str(data.get("code") or detail.code), detail, []


def summary(errors) -> str:
    field, detail = errors[0]["field"], errors[0]["detail"]
    first = f"{field}: {detail}" if field else detail
    return first if len(errors) == 1 else f"{first} ({len(errors) - 1} more in errors.)"


def flatten(data, field=None):
    """Each error of a nested dict or list, with the path of its field: `group_names.0`."""
    if isinstance(data, ErrorDetail):
        yield {"field": field, "code": data.code, "detail": sentence(data)}
    elif isinstance(data, dict):
        for name, inner in data.items():
            general = name == api_settings.NON_FIELD_ERRORS_KEY
            yield from flatten(inner, field if general else join(field, name))
    else:
        for index, inner in enumerate(data):
            single = isinstance(inner, ErrorDetail)
            yield from flatten(inner, field if single else join(field, index))


def join(field, name) -> str:
    return f"{field}.{name}" if field else str(name)


def problem_or_page(status: int, code: str, detail: str, page):
    """A view for Django's own errors: a problem under /api/, a page (templates/404.html and the
    others like it) elsewhere."""

    def view(request, *args, **kwargs):
        if is_for_programs(request.path):
            body = problem(status, code, detail)
            return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
        return page(request, *args, **kwargs)

    return view


def bad_request_page(request, exception):
    """At a host that is none of ours, no address of its own leads on."""
    is_unknown_host = isinstance(exception, DisallowedHost)
    context = {"is_unknown_host": is_unknown_host, "public_url": settings.PUBLIC_URL}
    return HttpResponseBadRequest(render_to_string("400.html", context))


bad_request = problem_or_page(400, "bad_request", "The request can't be read.", bad_request_page)
permission_denied = problem_or_page(
    403, "permission_denied", "This is not allowed.", defaults.permission_denied
)
page_not_found = problem_or_page(
    404,
    "not_found",
    "There is nothing at this address. All of them end with a slash; see /docs.",
    defaults.page_not_found,
)
server_error = problem_or_page(
    500, "error", "The server failed. It has noted why. Try again later.", defaults.server_error
)
