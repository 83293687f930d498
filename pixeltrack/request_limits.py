"""Bodies that are refused before Django reads them.

Django's own handler writes a whole body to disk before anything looks at it. `RequestLimits`
stands before it, counts what comes in, and cuts it off. `RequestLimitsMiddleware` looks at the
headers, for servers that speak WSGI, and settles what Django leaves open about bodies.
"""

import asyncio

from django.conf import settings
from django.http import HttpResponse, JsonResponse

from pixeltrack.problems import CONTENT_TYPE, TooLarge, is_for_programs, problem

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
        elif declared(scope) > settings.API_MAX_BODY_BYTES:
            await refuse(too_long(scope["path"]), receive, send)
        else:
            try:
                await self.django(scope, counted(receive), send)
            except RequestTooLong:  # Django reads all of a body before it answers anything
                await refuse(too_long(scope["path"]), receive, send)


def counted(receive):
    """`receive`, which raises RequestTooLong at a body that has more than it may have."""
    length = 0

    async def count():
        nonlocal length
        message = await receive()
        length += len(message.get("body", b""))
        if length > settings.API_MAX_BODY_BYTES:
            raise RequestTooLong
        return message

    return count


def declared(scope) -> int:
    """The length that the headers promise; 0 for a body that comes in chunks."""
    lengths = (value for name, value in scope["headers"] if name == b"content-length")
    return number(next(lengths, b""))


def number(text: str | bytes) -> int:
    # Of text, isdigit() would also take "²", which is no number to int().
    return int(text) if text.isascii() and text.isdigit() else 0


async def refuse(response, receive, send):
    """Answer and close. What a client still sends is read for a while and thrown away: closing
    at once would reset the connection, and the answer be lost on its way."""
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    headers += [
        (b"content-length", str(len(response.content)).encode()),
        (b"connection", b"close"),
    ]
    start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
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
        if number(request.META.get("CONTENT_LENGTH") or "") > settings.API_MAX_BODY_BYTES:
            return too_long(request.path)
        # Python has "charsets" that unpack archives or turn text into bytes.
        if request.content_params.get("charset", "utf-8").lower() not in CHARSETS:
            detail = "The body must be in UTF-8."
            return refusal(request.path, 415, "unsupported_media_type", detail)
        if "CONTENT_LENGTH" not in request.META and "HTTP_TRANSFER_ENCODING" in request.META:
            # Sent in chunks. REST framework takes a body without a length for none.
            request.META["CONTENT_LENGTH"] = str(len(request.body))
        return self.get_response(request)


def too_long(path):
    most = settings.API_MAX_BODY_BYTES
    detail = f"The body is longer than the {most} bytes that are allowed. Send it in parts."
    return refusal(path, TooLarge.status_code, TooLarge.default_code, detail)


def refusal(path, status, code, detail):
    if is_for_programs(path):
        body = problem(status, code, detail)
        return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
    return HttpResponse(detail, status=status, content_type="text/plain")
