"""Bodies that are refused before Django reads them.

Django's own handler writes a whole body to disk before anything looks at it. `RequestLimits`
stands before it, counts what comes in, and cuts it off; of strangers it takes nothing big.
`RequestLimitsMiddleware` looks at the headers, for servers that speak WSGI, and settles what Django
leaves open about bodies.
"""

import asyncio

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string

from accounts.problem import CONTENT_TYPE, problem
from pixeltrack.body_limits import UPLOADS, is_upload, most_bytes
from pixeltrack.known_sender import challenge, is_known_by, is_known_in
from pixeltrack.problems import TooLarge, is_for_programs
from tracking.page_views.answers import headers_for_pages
from tracking.reply import raw_headers

LINGER_SECONDS = 5
CHARSETS = ("utf-8", "utf8", "us-ascii")


class RequestTooLong(Exception):
    pass


class RequestLimits:
    """An ASGI application around Django's."""

    def __init__(self, django):
        self.django = django

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.django(scope, receive, send)
            return
        asked = scope["method"], scope["path"], header(scope, b"content-type")
        length, most = number(header(scope, b"content-length")), most_bytes(*asked)
        if length > most:
            await refuse(too_long(*asked), scope, receive, send)
        elif may_be_big(scope, length, most) and not await is_known_in(scope):
            await refuse(unknown(scope["path"]), scope, receive, send)
        else:
            try:
                await self.django(scope, counted(scope, receive, most), send)
            except RequestTooLong:  # Django reads all of a body before it answers anything
                await refuse(too_long(*asked), scope, receive, send)


def may_be_big(scope, length: int, most: int) -> bool:
    """Whether more may come than is taken from just anybody."""
    in_chunks = not header(scope, b"content-length") and header(scope, b"transfer-encoding")
    return most > settings.API_MAX_BODY_BYTES and bool(
        in_chunks or length > settings.API_MAX_BODY_BYTES
    )


def counted(scope, receive, most: int):
    """`receive`, which raises RequestTooLong at a body that has more than it may have. Django,
    which looks at the headers after the body, is told the length of one that came in chunks:
    without it, REST framework takes a body for none."""
    length = 0

    async def count():
        nonlocal length
        message = await receive()
        length += len(message.get("body", b""))
        if length > most:
            raise RequestTooLong
        if length and not message.get("more_body") and not header(scope, b"content-length"):
            scope["headers"] = [*scope["headers"], (b"content-length", b"%d" % length)]
        return message

    return count


def header(scope, name: bytes) -> str:
    """The first header of this name; empty where there is none."""
    values = (value for each, value in scope["headers"] if each == name)
    return next(values, b"").decode("latin-1")


def number(text: str | bytes) -> int:
    # Of text, isdigit() would also take "²", which is no number to int().
    return int(text) if text.isascii() and text.isdigit() else 0


async def refuse(response, scope, receive, send):
    """Answer and close. What a client still sends is read for a while and thrown away: closing
    at once would reset the connection, and the answer be lost on its way."""
    headers = dict(response.items()) | headers_for_pages(scope["path"], header(scope, b"origin"))
    headers |= {"Content-Length": str(len(response.content)), "Connection": "close"}
    raw = raw_headers(tuple(headers.items()))
    start = {"type": "http.response.start", "status": response.status_code, "headers": raw}
    await send(start)
    await send({"type": "http.response.body", "body": response.content, "more_body": True})
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            await drain(receive)
    except TimeoutError:
        pass
    await send({"type": "http.response.body"})


async def drain(receive):
    left = settings.API_MAX_BODY_BYTES
    while left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        if not message.get("more_body"):
            return


class RequestLimitsMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        refused = self.refusal_of(request)
        if refused is None:
            return self.get_response(request)
        for_pages = headers_for_pages(request.path, request.headers.get("Origin", ""))
        for name, value in for_pages.items():
            refused[name] = value
        return refused

    def refusal_of(self, request) -> HttpResponse | None:
        length = number(request.META.get("CONTENT_LENGTH") or "")
        asked = request.method, request.path, request.META.get("CONTENT_TYPE", "")
        if length > most_bytes(*asked):
            return too_long(*asked)
        by_wsgi = isinstance(request, WSGIRequest)  # by ASGI it was looked at before
        if by_wsgi and length > settings.API_MAX_BODY_BYTES and not is_known_by(request.environ):
            return unknown(request.path)
        # Python has "charsets" that unpack archives or turn text into bytes.
        if request.content_params.get("charset", "utf-8").lower() not in CHARSETS:
            detail = "The body must be in UTF-8."
            return refusal(request.path, 415, "unsupported_media_type", detail)
        return None


def too_long(method, path, content_type):
    what, most, packed = "body", settings.API_MAX_BODY_BYTES, ""
    if is_upload(method, path, content_type):
        what, most, packed = "file", settings.MAX_IMPORT_BYTES, ", or packed as zip or gzip"
    detail = (
        f"The {what} is longer than the {most} bytes that are allowed. Send it in parts{packed}."
    )
    return refusal(path, TooLarge.status_code, TooLarge.default_code, detail)


def unknown(path):
    detail = "A body as big as this is taken only with a valid token, API key or session."
    response = refusal(path, 401, "not_authenticated", detail)
    response["WWW-Authenticate"] = challenge()
    return response


def refusal(path, status, code, detail):
    if is_for_programs(path):
        body = problem(status, code, detail)
        return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
    if path in UPLOADS:  # a person came from a form, and wants to go back to it
        page = render_to_string("refused_upload.html", {"detail": detail, "form": path})
        return HttpResponse(page, status=status)
    return HttpResponse(detail, status=status, content_type="text/plain")
