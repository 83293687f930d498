"""Held to Fernet itself: whatever is in a token, both read the same or neither reads anything."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from hypothesis import given
from hypothesis import strategies as st

from campaigns import token as token_module
from campaigns.fernet_reader import BLOCK, END, SIGNATURE, FernetReader
from campaigns.token import LENGTH, read_token

KEYS = [urlsafe_b64encode(bytes([first]) * 32) for first in (1, 2, 3)]
a_key = st.integers(0, len(KEYS) - 1)
a_time = st.integers(0, 2**64 - 1)
a_block = st.binary(min_size=BLOCK, max_size=BLOCK)


@pytest.fixture(scope="module", autouse=True)
def two_keys():
    """Ours are the first two; the third is somebody else's."""
    with pytest.MonkeyPatch.context() as patched:
        fernets = MultiFernet([Fernet(key) for key in KEYS[:2]])
        readers = [FernetReader(key) for key in KEYS[:2]]
        patched.setattr(token_module, "keys", lambda: fernets)
        patched.setattr(token_module, "readers", lambda: readers)
        yield


def by_fernet(token: str) -> bytes | None:
    if len(token) != LENGTH:
        return None
    try:
        text = token.encode("ascii") + b"="
        if urlsafe_b64encode(urlsafe_b64decode(text)) != text:
            return None
        uuid = token_module.keys().decrypt(text)
    except (InvalidToken, ValueError, TypeError):
        return None
    return uuid if len(uuid) == BLOCK else None


def sealed(key: bytes, version: int, at: int, vector: bytes, padded: bytes) -> bytes:
    """A signed token of what Fernet itself would never put into one; not yet as text."""
    key = urlsafe_b64decode(key)
    encryptor = Cipher(AES(key[BLOCK:]), CBC(vector)).encryptor()
    whole = bytes([version]) + at.to_bytes(8) + vector + encryptor.update(padded)
    signature = HMAC(key[:BLOCK], SHA256())
    signature.update(whole)
    return whole + signature.finalize()


def as_text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).decode().rstrip("=")


@given(a_key, st.binary(max_size=40), a_time, a_block)
def test_it_reads_what_fernet_reads(key, content, at, vector):
    token = Fernet(KEYS[key])._encrypt_from_parts(content, at, vector).decode().rstrip("=")
    found = read_token(token)
    assert found == by_fernet(token)
    assert found == (content if key < 2 and len(content) == BLOCK else None)


@given(a_key, st.sampled_from([0x80, 0x81, 0x00]), a_time, a_block, a_block, st.binary())
def test_a_signature_alone_is_not_enough(key, version, at, vector, uuid, tail):
    """Other versions, and blocks that end in what is no padding, or another one."""
    for last in ((tail + bytes([BLOCK] * BLOCK))[:BLOCK], bytes(15) + b"\1", bytes([16] * 16)):
        token = as_text(sealed(KEYS[key], version, at, vector, uuid + last))
        assert read_token(token) == by_fernet(token)


@given(a_key, a_time, a_block, a_block, st.integers(0, END - 1), st.integers(1, 255))
def test_one_changed_byte_spoils_a_token(key, at, vector, uuid, position, change):
    whole = sealed(KEYS[key], 0x80, at, vector, uuid + bytes([BLOCK] * BLOCK))
    changed = bytearray(whole)
    changed[position] ^= change
    assert read_token(as_text(changed)) is by_fernet(as_text(changed)) is None
    assert read_token(as_text(whole)) == by_fernet(as_text(whole))


@given(a_time, a_block, a_block, st.integers(0, LENGTH), st.text("+/-_=A\n \t!ä", max_size=2))
def test_it_takes_the_spellings_that_were_taken(at, vector, uuid, position, put_in):
    token = as_text(sealed(KEYS[0], 0x80, at, vector, uuid + bytes([BLOCK] * BLOCK)))
    for spelled in (
        token[:position] + put_in + token[position + len(put_in) :],
        token[:position] + put_in + token[position:],
        token.replace("-", "+").replace("_", "/"),
    ):
        assert read_token(spelled) == by_fernet(spelled)


@given(st.binary(min_size=END, max_size=END) | st.binary(max_size=2 * END))
def test_garbage_is_nothing(garbage):
    assert FernetReader(KEYS[0]).read(garbage) is None
    assert read_token(as_text(b"\x80" + garbage[1:])) is None


def test_what_it_has_read_before_changes_nothing():
    reader = FernetReader(KEYS[0])
    whole = sealed(KEYS[0], 0x80, 1, bytes(BLOCK), b"u" * BLOCK + bytes([BLOCK] * BLOCK))
    spoilt = sealed(KEYS[0], 0x80, 1, bytes(BLOCK), b"u" * 2 * BLOCK)
    for _ in range(3):
        assert reader.read(whole) == b"u" * BLOCK
        assert reader.read(spoilt) is None
        assert reader.read(whole[:SIGNATURE] + bytes(32)) is None


def test_threads_share_one():
    reader = FernetReader(KEYS[0])
    padding = bytes([BLOCK] * BLOCK)
    tokens = {}
    for number in range(200):
        uuid = number.to_bytes(BLOCK)
        tokens[sealed(KEYS[0], 0x80, number, uuid, uuid + padding)] = uuid

    def read_all(_) -> bool:
        return all(reader.read(whole) == uuid for whole, uuid in tokens.items())

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(read_all, range(40)))
