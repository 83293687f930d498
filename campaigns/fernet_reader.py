"""What `Fernet.decrypt` does, for tokens of 16 bytes and with one key, in a fifth of its time: what
follows from the key is prepared once. The tests hold it to Fernet itself."""

from base64 import urlsafe_b64decode
from hashlib import sha256
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

VERSION = 0x80
BLOCK = 16
# A token is: version, time (8 bytes), initialisation vector, two blocks of ciphertext, signature.
VECTOR, SIGNATURE, END = 9, 57, 89
PADDING = bytes([BLOCK] * BLOCK)  # PKCS7 of a text that fills its block
HASHED_AT_ONCE = 64  # bytes of SHA-256


class FernetReader:
    def __init__(self, key: str | bytes):
        key = urlsafe_b64decode(key)
        signing = key[:BLOCK].ljust(HASHED_AT_ONCE, b"\0")
        # The two halves of HMAC (RFC 2104), each with the key hashed already.
        self._inner = sha256(bytes(byte ^ 0x36 for byte in signing))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in signing))
        # For all tokens: what a block comes to depends on the one before it and on nothing else,
        # and `read` gives it both. Only the vector itself is deciphered with what came before.
        self._decryptor = Cipher(AES(key[BLOCK:]), CBC(bytes(BLOCK))).decryptor()

    def read(self, sealed: bytes) -> bytes | None:
        """The 16 bytes in a token that was decoded from base64; None where it isn't of this key, or
        holds something else."""
        if len(sealed) != END or sealed[0] != VERSION:
            return None
        if not compare_digest(self._sign(sealed[:SIGNATURE]), sealed[SIGNATURE:]):
            return None
        plain = self._decryptor.update(sealed[VECTOR:SIGNATURE])
        return plain[BLOCK : 2 * BLOCK] if plain[2 * BLOCK :] == PADDING else None

    def _sign(self, signed: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(signed)
        outer.update(inner.digest())
        return outer.digest()
