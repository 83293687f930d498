from uuid import uuid4

import msgpack
import pytest
from django.test import RequestFactory

from campaigns.token import make_token
from tracking.hit import Hit, client_address, referer_host
from tracking.kinds import unpack

UUID_ = uuid4()
TOKEN = make_token(UUID_)


def hit_of(*headers, peer="203.0.113.9", token=TOKEN) -> Hit | None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return Hit.from_scope({"headers": raw, "client": (peer, 1234)}, token)


def test_it_carries_the_pixel_and_the_time_of_arrival(time_machine):
    time_machine.move_to("2026-03-01T12:00:00.250Z", tick=False)
    hit = hit_of()
    assert hit.pixel == UUID_.bytes
    assert hit.at == 1772366400250
    assert (hit.user_agent, hit.referer, hit.prefetch) == ("", "", False)


def test_it_truncates_a_long_user_agent():
    assert hit_of(("user-agent", "x" * 600)).user_agent == "x" * 512


def test_it_keeps_the_address_truncated_only():
    hit = hit_of(peer="66.249.80.77")
    assert (hit.network, hit.network_label) == ("66.249.80.0/24", "google")
    assert hit_of(peer="2001:db8:1:2::5").network == "2001:db8:1::/48"


def test_it_keeps_of_a_referer_the_host_only():
    hit = hit_of(("referer", "http://mail.google.com/mail/u/0/?person=someone"))
    assert hit.referer == "mail.google.com"


def test_an_address_in_the_place_of_a_referers_host_is_truncated():
    assert referer_host("http://203.0.113.77/mail") == "203.0.113.0/24"


@pytest.mark.parametrize("referer", ["http://[", "", "nonsense", "http://[::1", "//"])
def test_an_odd_referer_is_none(referer):
    assert referer_host(referer) == ""


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("sec-purpose", "prefetch;prerender"), True),
        (("purpose", "prefetch"), True),
        (("x-purpose", "preview"), True),
        (("x-moz", "prefetch"), True),
        (("sec-purpose", "no-prefetch"), False),
        (("x-purpose", "view"), False),
    ],
)
def test_it_notes_that_a_client_prefetches(header, said):
    assert hit_of(header).prefetch is said


def test_a_bad_token_makes_no_hit():
    assert hit_of(token="nonsense") is None


def test_a_django_request_makes_the_same_hit_as_a_scope(settings, time_machine):
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    settings.TRUSTED_PROXIES = 1
    headers = {
        "User-Agent": "Thunderbird é",
        "Referer": "http://mail.google.com/",
        "X-Forwarded-For": "198.51.100.7",
        "X-Request-ID": "abc",
        "Sec-Purpose": "prefetch",
    }
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1")
    scope_headers = ((name.lower(), value) for name, value in headers.items())
    assert Hit.from_request(request, TOKEN) == hit_of(*scope_headers, peer="10.0.0.1")


def test_it_survives_packing():
    hit = hit_of(("user-agent", "Thünderbird"), ("purpose", "prefetch"), peer="66.249.80.1")
    assert unpack(hit.event_id, hit.packed) == hit


@pytest.mark.parametrize("packed", [b"", b"\xc1", msgpack.packb((2, b"x")), msgpack.packb(7)])
def test_what_is_no_packed_hit_is_refused(packed):
    with pytest.raises((ValueError, TypeError, msgpack.UnpackException)):
        unpack(b"x" * 16, packed)


def test_the_reader_is_the_user_agent_with_the_label_not_the_address():
    one = hit_of(("user-agent", "A"), peer="66.249.80.1")
    assert one.reader == hit_of(("user-agent", "A"), peer="74.125.0.1").reader
    assert one.reader != hit_of(("user-agent", "A"), peer="203.0.113.1").reader
    assert one.reader != hit_of(("user-agent", "B"), peer="66.249.80.1").reader


@pytest.mark.parametrize(
    ("proxies", "forwarded_for", "found"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "203.0.113.9"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "6.6.6.6, [2001:db8::9]:4711", "2001:db8::9"),
        (1, "[2001:db8::9]", "2001:db8::9"),
        (1, "2001:db8::9", "2001:db8::9"),
        (1, "unknown", "unknown"),
    ],
)
def test_only_what_our_own_proxies_saw_is_believed(settings, proxies, forwarded_for, found):
    settings.TRUSTED_PROXIES = proxies
    assert client_address("10.0.0.1", forwarded_for) == found
