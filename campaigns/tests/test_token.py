from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from campaigns import token as token_module
from campaigns.token import LENGTH, make_token, read_token


@pytest.fixture
def use_keys(settings):
    def use(*keys):
        settings.FERNET_KEYS = keys
        forget_keys()

    yield use
    forget_keys()


def forget_keys():
    token_module.keys.cache_clear()
    token_module.readers.cache_clear()


def test_a_token_reads_back_as_its_uuid():
    uuid = uuid4()
    token = make_token(uuid)
    assert len(token) == LENGTH
    assert read_token(token) == uuid.bytes


def test_the_first_key_encrypts_and_all_decrypt(use_keys):
    old, new = Fernet.generate_key(), Fernet.generate_key()
    uuid = uuid4()
    use_keys(old)
    token = make_token(uuid)
    use_keys(new, old)
    assert read_token(token) == uuid.bytes
    newer = make_token(uuid)
    use_keys(new)
    assert read_token(newer) == uuid.bytes
    assert read_token(token) is None  # its key is gone


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token + "=",
        lambda token: token + "==",
        lambda token: token * 2,
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token[:50] + "\n" + token[50:],
        lambda token: token[:-1] + ("B" if token[-1] != "B" else "C"),
        lambda token: token.replace("-", "+").replace("_", "/") + "=",
        lambda token: " " + token,
        lambda token: "",
        lambda token: "ä" * LENGTH,
    ],
)
def test_only_the_one_spelling_of_a_token_is_taken(spoil):
    assert read_token(spoil(make_token(uuid4()))) is None


def test_a_token_of_something_else_than_a_uuid_is_refused():
    for length in (0, 15, 17, 31):
        token = token_module.keys().encrypt(b"x" * length).rstrip(b"=").decode()
        assert read_token(token) is None


@given(st.text(max_size=200) | st.text("ABCxyz019-_=", min_size=LENGTH, max_size=LENGTH))
def test_garbage_is_no_token(text):
    assert read_token(text) is None


@given(st.integers(0, LENGTH - 1), st.sampled_from("ABCDEFGHabcdefgh0123456789-_"))
def test_one_changed_character_spoils_a_token(position, character):
    token = make_token(uuid4())
    changed = token[:position] + character + token[position + 1 :]
    assert (read_token(changed) is not None) == (changed == token)
