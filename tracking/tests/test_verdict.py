"""Every fact that the rules stand on, from the request to the verdict."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine

from campaigns.token import make_token
from tracking import verdict_data
from tracking.hit import Hit
from tracking.networks import EGRESS
from tracking.verdict import judge

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOME = "203.0.113.9"
RELAY = "104.28.0.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = f"{WINDOWS} Chrome/140.0.0.0 Safari/537.36"
MPP = "Mozilla/5.0"
APPLE_MAIL = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"
APPLE_MAIL += " (KHTML, like Gecko)"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_PREFETCH = f"{WINDOWS} Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
OUTLOOK = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; "
OUTLOOK += ".NET4.0E; Microsoft Outlook 16.0.17328; ms-office; MSOffice 16)"
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0"
HEADLESS = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
HEADLESS += "HeadlessChrome/140.0.0.0 Safari/537.36"

HUMAN = ("human", "mail-client")
SCANNER = ("machine", "m365-scanner")
PREFETCH = ("machine", "prefetch")
GMAIL_MACHINE = ("machine", "gmail-prefetch")


@pytest.fixture(autouse=True)
def relay_list(installed):
    installed(EGRESS, "104.28.0.0/24,US,US-CA,LosAngeles,\n")
    verdict_data.load()


def judged(user_agent, address=HOME, sent_at=None, **headers):
    """(verdict, reason) of a request with these headers, a `-` written as `_`."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if user_agent is not None:
        headers["user-agent"] = user_agent
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"headers": raw, "client": (address, 50_000)}
    with time_machine.travel(NOON, tick=False):
        hit = Hit.from_scope(scope, make_token(uuid4()))
    return judge(hit, sent_at)[:2]


@pytest.mark.parametrize(
    ("request_", "verdict"),
    [
        # Apple Mail Privacy Protection, and what is not it
        ({"user_agent": MPP}, ("machine", "apple-mpp")),
        ({"user_agent": MPP, "address": RELAY}, ("machine", "apple-mpp-certain")),
        ({"user_agent": MPP, "referer": "https://example.com/"}, HUMAN),
        ({"user_agent": f"{MPP} (Macintosh)"}, HUMAN),
        ({"user_agent": APPLE_MAIL, "address": RELAY}, HUMAN),
        ({"user_agent": CHROME, "address": RELAY}, HUMAN),
        ({"user_agent": APPLE_MAIL}, HUMAN),
        # Gmail
        ({"user_agent": GMAIL, "address": "66.249.80.1"}, ("proxy", "gmail-proxy")),
        ({"user_agent": GMAIL, "address": "66.102.1.1"}, ("proxy", "gmail-proxy")),
        ({"user_agent": GMAIL, "address": "74.125.210.1"}, ("proxy", "gmail-proxy")),
        ({"user_agent": GMAIL_PREFETCH, "referer": "http://mail.google.com/"}, GMAIL_MACHINE),
        ({"user_agent": GMAIL_PREFETCH, "address": "66.249.95.255"}, GMAIL_MACHINE),
        ({"user_agent": GMAIL_PREFETCH, "address": "66.102.15.255"}, GMAIL_MACHINE),
        ({"user_agent": GMAIL_PREFETCH, "address": "74.125.0.0"}, GMAIL_MACHINE),
        ({"user_agent": GMAIL_PREFETCH}, HUMAN),
        ({"user_agent": GMAIL_PREFETCH, "referer": "http://notgoogle.com/"}, HUMAN),
        # Yahoo, Outlook, Thunderbird
        ({"user_agent": YAHOO}, ("proxy", "yahoo-proxy")),
        ({"user_agent": OUTLOOK}, HUMAN),
        ({"user_agent": "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"}, HUMAN),
        ({"user_agent": "Outlook-iOS/723.4027091.prod.iphone (4.2543.0)"}, HUMAN),
        ({"user_agent": "Outlook-Android/2.0"}, HUMAN),
        ({"user_agent": THUNDERBIRD, "sec_fetch_dest": "image"}, HUMAN),
        # Outlook.com and OWA: Microsoft's networks, a browser
        ({"user_agent": CHROME, "address": "52.97.10.1"}, HUMAN),
        ({"user_agent": CHROME, "address": "40.99.10.1"}, HUMAN),
        ({"user_agent": CHROME, "address": "2603:1026::1"}, HUMAN),
        ({"user_agent": CHROME, "address": "20.1.2.3"}, HUMAN),
        # Microsoft 365 Defender and Exchange Online Protection: first and last addresses
        ({"user_agent": CHROME, "address": "40.92.0.0"}, SCANNER),
        ({"user_agent": CHROME, "address": "40.93.255.255"}, SCANNER),
        ({"user_agent": CHROME, "address": "40.94.0.0"}, HUMAN),
        ({"user_agent": CHROME, "address": "40.107.0.0"}, SCANNER),
        ({"user_agent": CHROME, "address": "40.107.255.255"}, SCANNER),
        ({"user_agent": CHROME, "address": "52.100.0.0"}, SCANNER),
        ({"user_agent": CHROME, "address": "52.103.255.255"}, SCANNER),
        ({"user_agent": CHROME, "address": "104.47.0.0"}, SCANNER),
        ({"user_agent": CHROME, "address": "104.47.127.255"}, SCANNER),
        ({"user_agent": CHROME, "address": "104.47.128.0"}, HUMAN),
        ({"user_agent": CHROME, "address": "2a01:111:f400::1"}, SCANNER),
        ({"user_agent": CHROME, "address": "2a01:111:f403:ffff::1"}, SCANNER),
        ({"user_agent": CHROME, "address": "2a01:111:f402::1"}, HUMAN),
        # Barracuda
        ({"user_agent": "Barracuda Sentinel (EE)"}, ("machine", "barracuda")),
        ({"user_agent": CHROME, "address": "209.222.82.255"}, ("machine", "barracuda")),
        ({"user_agent": CHROME, "address": "209.222.83.0"}, HUMAN),
        # Programs
        ({"user_agent": None}, ("machine", "no-user-agent")),
        ({"user_agent": ""}, ("machine", "no-user-agent")),
        ({"user_agent": "curl/8.5.0"}, ("machine", "program")),
        ({"user_agent": "python-requests/2.32.3"}, ("machine", "program")),
        ({"user_agent": HEADLESS}, ("machine", "headless")),
        # Headers: by how they begin
        ({"user_agent": CHROME, "sec_purpose": "prefetch"}, PREFETCH),
        ({"user_agent": CHROME, "sec_purpose": "prefetch;prerender"}, PREFETCH),
        ({"user_agent": CHROME, "sec_purpose": "Prefetch;anonymous-client-ip"}, PREFETCH),
        ({"user_agent": CHROME, "sec_purpose": "no prefetch"}, HUMAN),
        ({"user_agent": CHROME, "purpose": "prefetch"}, PREFETCH),
        ({"user_agent": CHROME, "x_purpose": "preview"}, PREFETCH),
        ({"user_agent": CHROME, "x_moz": "prefetch"}, PREFETCH),
        ({"user_agent": CHROME, "purpose": "preview"}, HUMAN),
    ],
)
def test_a_request_is_judged_by_what_is_known_of_its_source(request_, verdict):
    assert judged(**request_) == verdict


SECOND = timedelta(seconds=1)
SHORT, WIDE = ("machine", "short-window"), ("machine", "wide-window")


@pytest.mark.parametrize(
    ("seconds", "address", "verdict"),
    [
        (-1, HOME, HUMAN),
        (0, HOME, SHORT),
        (9.999, HOME, SHORT),
        (10, HOME, HUMAN),
        (10, "52.97.10.1", WIDE),
        (119.999, "52.97.10.1", WIDE),
        (120, "52.97.10.1", HUMAN),
        (-1, "52.97.10.1", HUMAN),
        (60, "66.249.80.1", HUMAN),
        (60, RELAY, HUMAN),
        (1, "40.92.0.0", SCANNER),
    ],
)
def test_timing_counts_from_the_sending_and_beyond_seconds_not_alone(seconds, address, verdict):
    assert judged(THUNDERBIRD, address, NOON - seconds * SECOND) == verdict


def test_the_short_window_decides_about_proxies_as_well():
    assert judged(GMAIL, "66.249.80.1", NOON - 5 * SECOND) == SHORT
    assert judged(GMAIL, "66.249.80.1", NOON - 15 * SECOND) == ("proxy", "gmail-proxy")


def test_without_a_time_of_sending_timing_says_nothing():
    assert judged(THUNDERBIRD, "52.97.10.1") == HUMAN
