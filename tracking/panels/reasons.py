"""Why an opening has its verdict, in words. Rules and operators may give reasons that are not here:
those are shown as they are."""

from typing import NamedTuple

from tracking.panels.words import UNKNOWN
from tracking.rule_set import CORRECTED, ERASED, REPORTED


class Words(NamedTuple):
    short: str
    sentence: str


REASONS = {
    "mail-client": Words(
        "a mail program", "A mail program or browser fetched it, as it does when somebody looks."
    ),
    "gmail-proxy": Words(
        "Gmail's image proxy", "Gmail's image proxy fetched it while somebody looked at the mail."
    ),
    "yahoo-proxy": Words(
        "Yahoo's image proxy", "Yahoo's image proxy fetched it while somebody looked at the mail."
    ),
    "prefetch": Words(
        "fetched ahead", "The program said that it fetches ahead: perhaps nobody looked."
    ),
    "gmail-prefetch": Words(
        "Gmail, fetched ahead", "Gmail fetched it ahead of time: perhaps nobody looked."
    ),
    "apple-mpp-certain": Words(
        "Apple Mail Privacy Protection",
        "Apple Mail Privacy Protection fetched it, by Apple's own relay: perhaps nobody looked.",
    ),
    "apple-mpp": Words(
        "probably Apple Mail Privacy Protection",
        "It looks like Apple Mail Privacy Protection, though it did not come by a known relay of "
        "Apple's: perhaps nobody looked.",
    ),
    "m365-scanner": Words(
        "Microsoft 365's scanner",
        "Microsoft 365's security scanner fetched it to check the mail.",
    ),
    "barracuda": Words(
        "Barracuda's scanner", "Barracuda's security scanner fetched it to check the mail."
    ),
    "scanner": Words(
        "a security scanner", "A known security scanner fetched it to check the mail."
    ),
    "no-user-agent": Words(
        "nameless program", "The program did not say what it is, as mail programs do."
    ),
    "program": Words(
        "a program", "A script or a tool for programmers fetched it, and no mail program."
    ),
    "headless": Words(
        "browser without a screen", "A browser that runs without a screen fetched it."
    ),
    "crawler": Words("a crawler", "The crawler of a search engine, or a link preview, fetched it."),
    "short-window": Words(
        "too soon after sending",
        "It came within seconds of the sending, sooner than people look: probably a scanner.",
    ),
    "wide-window": Words(
        "data centre, soon after sending",
        "It came from a data centre soon after the sending: probably a scanner.",
    ),
    CORRECTED: Words("corrected", "Somebody corrected the verdict."),
    REPORTED: Words("reported", "Another tool reported it so, without saying why."),
    ERASED: Words("erased", "The person was erased, and with them the reason."),
}


def why(reason: str) -> str:
    return REASONS[reason].sentence if reason in REASONS else reason or UNKNOWN


def why_in_short(reason: str) -> str:
    return REASONS[reason].short if reason in REASONS else reason or UNKNOWN
