"""The text in a pixel's address: the pixel's uuid, encrypted with Fernet.

Only one spelling of a token is taken: URL-safe base64 without padding. Fernet itself also
decrypts a text with padding, line breaks or a tail behind it.
"""

from binascii import a2b_base64, b2a_base64
from functools import cache
from uuid import UUID

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings

from campaigns.fernet_reader import FernetReader

PADDING = b"="  # what a Fernet token of 16 bytes always ends with
LENGTH = 119
# From the URL-safe alphabet to the usual one, whose own two signs are none of it.
TO_USUAL = bytes.maketrans(b"-_+/", b"+/!!")


@cache
def keys() -> MultiFernet:
    """All keys decrypt; the first one encrypts."""
    return MultiFernet([Fernet(key) for key in settings.FERNET_KEYS])


@cache
def readers() -> list[FernetReader]:
    """Of the same keys, in their order."""
    return [FernetReader(key) for key in settings.FERNET_KEYS]


def make_token(uuid: UUID) -> str:
    return keys().encrypt(uuid.bytes).rstrip(PADDING).decode()


def read_token(token: str) -> bytes | None:
    """The 16 bytes of the pixel's uuid, or None where the token is not one of ours."""
    if len(token) != LENGTH or not token.isascii():
        return None
    text = token.encode().translate(TO_USUAL) + PADDING
    try:
        sealed = a2b_base64(text)
    except ValueError:
        return None
    if b2a_base64(sealed, newline=False) != text:
        return None
    for reader in readers():
        if uuid := reader.read(sealed):
            return uuid
    return None
