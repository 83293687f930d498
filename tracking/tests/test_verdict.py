import pytest

from tracking.hit import Hit
from tracking.verdict import judge

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
EDGE = f"{CHROME} Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"


@pytest.mark.parametrize(
    ("user_agent", "fields", "verdict"),
    [
        ("Mozilla/5.0", {}, ("machine", "apple-mpp")),
        ("Mozilla/5.0", {"referer": "example.com"}, ("human", "mail-client")),
        (f"{CHROME} Chrome/140.0 Safari/537.36", {}, ("human", "mail-client")),
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0"
            " (via ggpht.com GoogleImageProxy)",
            {"network_label": "google"},
            ("proxy", "gmail-proxy"),
        ),
        (EDGE, {"referer": "mail.google.com"}, ("machine", "gmail-prefetch")),
        (EDGE, {"referer": "notgoogle.com"}, ("human", "mail-client")),
        (
            "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
            {},
            ("proxy", "yahoo-proxy"),
        ),
        (f"{CHROME} Chrome/140.0", {"network_label": "m365-scanner"}, ("machine", "m365-scanner")),
        ("Barracuda Sentinel (EE)", {}, ("machine", "barracuda")),
        ("Outlook-iOS/2.0", {}, ("human", "mail-client")),
        ("Outlook-iOS/2.0", {"prefetch": True}, ("machine", "prefetch")),
        ("", {}, ("machine", "no-user-agent")),
        ("curl/8.5.0", {}, ("machine", "program")),
        ("python-requests/2.32", {}, ("machine", "program")),
        (f"{CHROME} HeadlessChrome/140.0 Safari/537.36", {}, ("machine", "headless")),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0",
            {},
            ("human", "mail-client"),
        ),
    ],
)
def test_the_first_rule_that_fits_decides(user_agent, fields, verdict):
    hit = Hit(event_id=b"e" * 16, pixel=b"p" * 16, at=0, user_agent=user_agent, **fields)
    assert judge(hit) == verdict
