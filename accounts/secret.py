"""Secrets that are shown once and kept as a digest.

They are 256 random bits: nobody finds one by trying, so that a fast digest serves.
"""

import hmac
from hashlib import sha256
from secrets import token_urlsafe

DIGEST_LENGTH = 64


def new_secret() -> str:
    """43 characters that are safe in headers, addresses and JSON."""
    return token_urlsafe(32)


def digest(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()


def is_secret_of(kept: str, secret: str) -> bool:
    """Whether `kept` is the digest of this secret. Takes the same time wherever they differ."""
    return hmac.compare_digest(kept, digest(secret))
