"""The text in a pixel's address: the pixel's uuid, encrypted with Fernet.

Only one spelling of a token is taken: URL-safe base64 without padding. Fernet itself also
decrypts a text with padding, line breaks or a tail behind it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

PADDING = b"="  # what a Fernet token of 16 bytes always ends with
LENGTH = 119


@cache
def keys() -> MultiFernet:
    """All keys decrypt; the first one encrypts."""
    return MultiFernet([Fernet(key) for key in settings.FERNET_KEYS])


def make_token(uuid: UUID) -> str:
    return keys().encrypt(uuid.bytes).rstrip(PADDING).decode()


def read_token(token: str) -> bytes | None:
    """The 16 bytes of the pixel's uuid, or None where the token is not one of ours."""
    if len(token) != LENGTH:
        return None
    try:
        text = token.encode("ascii") + PADDING
        if urlsafe_b64encode(urlsafe_b64decode(text)) != text:
            return None
        uuid = keys().decrypt(text)
    except (InvalidToken, ValueError, TypeError):
        return None
    return uuid if len(uuid) == 16 else None
