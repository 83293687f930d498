"""Whether somebody is known who sends a request, told by its headers alone: for bodies that are too
big to be taken from just anybody."""

import io

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections
from django.http import HttpRequest
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.settings import api_settings


async def is_known_in(scope: dict) -> bool:
    """For a request by ASGI. Its body isn't touched."""
    async with ThreadSensitiveContext():
        return await sync_to_async(is_known_here)(scope)


def is_known_here(scope: dict) -> bool:
    try:
        # As a GET, which brings no form: a session is asked for one with every other method, and
        # the view will do so.
        return is_known(ASGIRequest(scope | {"method": "GET"}, io.BytesIO()))
    finally:
        close_old_connections()


def is_known_by(environ: dict) -> bool:
    """For a request by WSGI."""
    bare = environ | {"REQUEST_METHOD": "GET", "CONTENT_LENGTH": "0", "wsgi.input": io.BytesIO()}
    return is_known(WSGIRequest(bare))


def is_known(request: HttpRequest) -> bool:
    """Whether a token, a key or a session of somebody comes with it."""
    for middleware in (SessionMiddleware, AuthenticationMiddleware):
        middleware(lambda request: None).process_request(request)
    try:
        return bool(Request(request, authenticators=authenticators()).user.is_authenticated)
    except APIException:
        return False


def challenge() -> str:
    """The WWW-Authenticate of an answer to somebody unknown."""
    return authenticators()[0].authenticate_header(None)


def authenticators() -> list:
    return [each() for each in api_settings.DEFAULT_AUTHENTICATION_CLASSES]
