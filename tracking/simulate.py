"""Made-up openings for a demonstration: who fetches which pixel, when, and with what.

`plan` decides everything from a seed and touches nothing; the command `simulate_openings`
sends what it says.
"""

from dataclasses import dataclass, field
from random import Random
from uuid import UUID

REFRESH_SECONDS = 60 * 60
REPEATS = 0.15  # how many mails are loaded again by a reader that had them before
TOP_ONLY = 0.2  # how many readers don't get as far as the bottom of the mail
LEAST_OPEN_RATE, STEP_PER_GROUP, MOST_OPEN_RATE = 0.45, 0.12, 0.9


@dataclass(frozen=True)
class Reader:
    """A program that fetches images; `weight` says how common it is beside the others."""

    name: str
    weight: float
    user_agent: str
    headers: dict[str, str] = field(default_factory=dict, hash=False)


_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome"
_FIREFOX_IMAGE = {"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"}

READERS = (
    Reader("Apple Mail Privacy Protection", 26, "Mozilla/5.0"),
    Reader(
        "Gmail",
        24,
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    ),
    Reader(
        "Outlook desktop",
        8,
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; "
        ".NET4.0E; Microsoft Outlook 16.0.17328; ms-office; MSOffice 16)",
    ),
    Reader("iPhone", 6, f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_SAFARI}"),
    Reader("iPad", 2, f"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) {_SAFARI}"),
    Reader("Apple Mail", 5, f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI}"),
    Reader("Yahoo", 4, "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"),
    Reader("Outlook iOS", 4, "Outlook-iOS/723.4027091.prod.iphone (4.2543.0)"),
    Reader("Outlook Android", 3, "Outlook-Android/4.2541.1 (Android 15; Pixel 8)"),
    Reader(
        "Samsung mail",
        4,
        f"Mozilla/5.0 (Linux; Android 15; SM-S931B; wv) {_CHROME}/141.0.0.0 Mobile Safari/537.36",
    ),
    Reader(
        "Android phone",
        3,
        f"Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) {_CHROME}/140.0.0.0 Mobile Safari/537.36",
    ),
    Reader(
        "Thunderbird on Linux",
        3,
        "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0",
        _FIREFOX_IMAGE,
    ),
    Reader(
        "Thunderbird on Windows",
        3,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Thunderbird/140.4.0",
        _FIREFOX_IMAGE,
    ),
    Reader(
        "web mail in Chrome",
        3,
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME}/142.0.0.0 Safari/537.36",
    ),
    Reader(
        "web mail in Firefox",
        2,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
        _FIREFOX_IMAGE,
    ),
    Reader(
        "Gmail, prefetching",
        1.5,
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME}/42.0.2311.135 Safari/537.36 "
        "Edge/12.246 Mozilla/5.0",
        {"Referer": "http://mail.google.com/"},
    ),
    Reader("Barracuda scanner", 1.5, "Barracuda Sentinel (EE)"),
    Reader("scanner in Python", 1, "python-requests/2.32.5"),
    Reader("scanner with curl", 1, "curl/8.14.1"),
)


@dataclass(frozen=True)
class Mail:
    """The mail of one contact, with its pixels from top to bottom."""

    group: int
    pixels: tuple[UUID, ...]


@dataclass(frozen=True)
class Fetch:
    """One request: `at` is in seconds from the start."""

    at: float
    pixel: UUID
    reader: Reader


def plan(mails: list[Mail], count: int, rate: float, seed: int) -> list[Fetch]:
    """`count` fetches at `rate` per second. The same arguments give the same fetches."""
    dice = Random(seed)  # nosec B311 # pretended readers: nothing is to be kept secret
    opened = _mails_that_get_opened(mails, dice)
    had: dict[Mail, set[str]] = {}
    loads: list[tuple[Reader, tuple[UUID, ...]]] = []
    fetches: list[Fetch] = []
    while len(fetches) < count:
        if loads and dice.random() < REPEATS:
            reader, pixels = dice.choice(loads)
        else:
            reader, pixels = _new_load(opened, had, dice)
            loads.append((reader, pixels))
        at = len(fetches) / rate
        fetches += [Fetch(at, pixel, reader) for pixel in pixels]
    return fetches[:count]


def _mails_that_get_opened(mails, dice):
    """A part of each group's mails: a bit more of a later group, so that a test has a result."""
    groups: dict[int, list[Mail]] = {}
    for mail in mails:
        groups.setdefault(mail.group, []).append(mail)
    opened = []
    for position, key in enumerate(sorted(groups)):
        rate = min(LEAST_OPEN_RATE + STEP_PER_GROUP * position, MOST_OPEN_RATE)
        opened += dice.sample(groups[key], max(1, round(rate * len(groups[key]))))
    return opened


def _new_load(opened, had, dice):
    """Some mail, by a reader that has not `had` it yet while there is one."""
    mail = dice.choice(opened)
    names = had.setdefault(mail, set())
    readers = [reader for reader in READERS if reader.name not in names] or READERS
    (reader,) = dice.choices(readers, [reader.weight for reader in readers])
    names.add(reader.name)
    pixels = mail.pixels[:1] if dice.random() < TOP_ONLY else mail.pixels
    return reader, pixels


def most_openings(fetches: list[Fetch]) -> int:
    """How many openings the fetches can make at most: refreshes make none.

    It is fewer when readers had these pixels in the hour before.
    """
    counted: dict[tuple[UUID, str], float] = {}
    openings = 0
    for fetch in fetches:
        key = fetch.pixel, fetch.reader.user_agent
        if key not in counted or fetch.at - counted[key] >= REFRESH_SECONDS:
            counted[key] = fetch.at
            openings += 1
    return openings
