"""Real User-Agents, each with its source: what the rules that ship say of them."""

import csv
from pathlib import Path

import pytest

from tracking.client_names import names_of
from tracking.hit import Hit
from tracking.models import UserAgent
from tracking.verdict import judge

TABLE = Path(__file__).parent / "data" / "user_agents.csv"
ROWS = list(csv.DictReader(TABLE.open(encoding="utf-8", newline="")))


def hit_of(row: dict) -> Hit:
    return Hit(
        event_id=b"e" * 16,
        pixel=b"p" * 16,
        at=0,
        user_agent=row["user_agent"],
        network_label=row["label"],
        referer=row["referer"],
        prefetch=row["prefetch"] == "yes",
    )


@pytest.mark.parametrize(
    "row", ROWS, ids=[f"line {line} {row['user_agent'][:40]}" for line, row in enumerate(ROWS, 2)]
)
def test_it_is_judged_as_the_table_says(row):
    assert judge(hit_of(row))[:2] == (row["verdict"], row["reason"])


def test_the_table_has_many_and_says_where_each_is_from():
    assert len({row["user_agent"] for row in ROWS}) >= 150
    assert all(row["source"] for row in ROWS)
    assert {row["prefetch"] for row in ROWS} == {"", "yes"}


IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"


@pytest.mark.parametrize(
    ("text", "client", "os", "device"),
    [
        ("Mozilla/5.0", "Apple Mail", "", ""),
        (f"{IOS} (KHTML, like Gecko)", "Apple Mail", "iOS", "iPhone"),
        (f"{MAC} (KHTML, like Gecko)", "Apple Mail", "Mac OS X", "Mac"),
        (f"{MAC} (KHTML, like Gecko) Version/17.6 Safari/605.1.15", "Safari", "Mac OS X", "Mac"),
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0"
            " (via ggpht.com GoogleImageProxy)",
            "Gmail",
            "",
            "",
        ),
        (
            "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
            "Yahoo Mail",
            "",
            "",
        ),
        (
            "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; "
            ".NET4.0E; Microsoft Outlook 16.0.9126; ms-office; MSOffice 16)",
            "Outlook",
            "Windows",
            "",
        ),
        ("MacOutlook/16.46.21021202 (Intelx64 Mac OS X 11.2.2)", "Outlook", "Mac OS X", "Mac"),
        ("Outlook-iOS/709.2226530.prod.iphone (3.24.1)", "Outlook iOS", "iOS", "iPhone"),
        ("Outlook-iOS/2.0", "Outlook iOS", "iOS", ""),
        ("Outlook-Android/2.0", "Outlook Android", "Android", "Generic Smartphone"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0",
            "Thunderbird",
            "Linux",
            "",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:24.0) Gecko/20100101 Icedove/24.4.0",
            "Thunderbird",
            "Linux",
            "",
        ),
        ("Barracuda Sentinel (EE)", "Barracuda Sentinel", "", ""),
        (  # for whom the rules as Python compiles them find a Mac, in thirty times the time
            f"{MAC} (KHTML, like Gecko) Version/8.0.2 Safari/600.2.5 (Applebot/0.1)",
            "Applebot",
            "Mac OS X",
            "Spider",
        ),
        ("", "", "", ""),
    ],
)
def test_mail_clients_have_names_that_people_know(text, client, os, device):
    assert names_of(text) == {"client": client, "os": os, "device": device}


@pytest.mark.parametrize(
    "text",
    [
        "Weird7abcBot/1.7",
        "Mozilla/5.0 (compatible; anything-at-all-9-spider/1.0)",
        "Something 3 Crawler/2.1",
        "A Name Of My Own Bot 3.1",
    ],
)
def test_a_bot_that_nobody_knows_has_no_name_of_its_own(text):
    assert names_of(text)["client"] == "Other bot"


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
        ("Slackbot 1.0 (+https://api.slack.com/robots)", "Slackbot"),
        ("LinkedInBot/1.0", "LinkedInBot"),
    ],
)
def test_a_bot_that_is_known_keeps_its_name(text, client):
    assert names_of(text)["client"] == client


def test_many_new_ones_are_stored_by_few_queries(db, django_assert_max_num_queries):
    UserAgent.objects.store(["Reader/1.0"])
    with django_assert_max_num_queries(5):
        UserAgent.objects.store([f"Reader/{number}.0" for number in range(100)])
    assert UserAgent.objects.count() == 100
