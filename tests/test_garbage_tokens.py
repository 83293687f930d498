"""Whatever stands where a token should be: the reply is the good one's, and nothing happens."""

import re
import uuid
from urllib.parse import quote_from_bytes

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stack import fernet_key
from tests.thorough import THOROUGH
from tests.wire import THUNDERBIRD, exchange, request, undated

USER_AGENT = b"User-Agent: " + THUNDERBIRD.encode()
STRANGER = b"User-Agent: Stranger/1"  # had no pixel yet: what counts makes a row, no refresh
EXAMPLES = 300 if THOROUGH else 100
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Good:
    """A real pixel, its token, and what is said to one who fetches it."""

    def __init__(self, stack):
        [pixel] = stack.new_mail(pixels=1)
        self.stack = stack
        self.uuid = uuid.UUID(pixel["uuid"])
        self.token = re.search(r"/p/(.+)\.gif$", pixel["url"])[1]
        self.reply = self.ask(self.token)
        stack.settle()
        self.openings = self.count_openings()

    def ask(self, token: str, user_agent=USER_AGENT) -> bytes:
        return undated(exchange(self.stack.url, request("GET", f"/p/{token}.gif", user_agent)))

    def count_openings(self) -> int:
        return self.stack.shell("from tracking.models import *; answer = Opening.objects.count()")

    def sealed(self, content: bytes, key: str) -> str:
        return Fernet(key).encrypt(content).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def good(either):
    return Good(either)


@st.composite
def spoilt(draw, token: str) -> str:
    """The token with one character changed; the last one is where base64 has spare bits."""
    place = draw(st.sampled_from([0, 1, len(token) // 2, len(token) - 1]))
    other = draw(st.sampled_from(BASE64.replace(token[place], "")))
    return token[:place] + other + token[place + 1 :]


def garbage(good: Good) -> st.SearchStrategy[str]:
    token, sealed = good.token, good.sealed
    return st.one_of(
        st.text(BASE64, min_size=1, max_size=300),
        st.text(BASE64, min_size=len(token), max_size=len(token)),
        st.integers(1, len(token) - 1).map(lambda length: token[:length]),
        st.integers(1, 6).map(lambda times: token + "=" * times),
        st.integers(2, 4).map(lambda times: token * times),
        st.sampled_from(["%0A", "%20", "%00", "%0D%0A", ".gif", "/", "/x", "%3D", "A", "%FF"]).map(
            lambda tail: token + tail
        ),
        st.sampled_from(["%0A", "%20", "/", "A", "//", "%E2%80%8B"]).map(lambda head: head + token),
        spoilt(token),
        st.binary(min_size=16, max_size=16).map(lambda other: sealed(other, fernet_key())),
        st.just(sealed(good.uuid.bytes, fernet_key())),  # as after its key was rotated away
        st.sampled_from([0, 1, 15, 17, 32]).map(lambda n: sealed(bytes(n), good.stack.key)),
        st.binary(min_size=16, max_size=16).map(lambda other: sealed(other, good.stack.key)),
        st.binary(min_size=1, max_size=200).map(quote_from_bytes),
        st.binary(min_size=1, max_size=60).map(lambda junk: "".join(f"%{b:02x}" for b in junk)),
        st.text("%0aAzZ9-_=.;~!$&'()*+,:@/", min_size=1, max_size=60),
    ).filter(lambda text: text != token)


def test_garbage_gets_the_reply_of_a_good_token_and_leaves_no_trace(good):
    assert good.reply.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"GIF89a" in good.reply
    before = good.stack.logs()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(garbage(good))
    def is_answered_alike(token):
        assert good.ask(token, STRANGER) == good.reply

    is_answered_alike()
    good.stack.settle()
    assert good.count_openings() == good.openings
    after = good.stack.logs()
    assert [after[name] for name in ("web", "consumer")] == [before["web"], before["consumer"]]


def test_a_token_of_an_older_key_in_the_list_still_counts(good):
    good.ask(good.sealed(good.uuid.bytes, good.stack.retired_key))
    good.stack.settle()
    assert good.count_openings() == good.openings, "a refresh: the same pixel and reader"

    [pixel] = good.stack.new_mail(pixels=1)
    good.ask(good.sealed(uuid.UUID(pixel["uuid"]).bytes, good.stack.retired_key))
    good.stack.settle()
    assert len(good.stack.openings(pixel=pixel["id"])) == 1
