"""What a User-Agent calls itself: client, operating system and device, as ua-parser names them,
and otherwise where `data/clients.json` knows a mail client better.

Names are finite: else anybody could fill the counts with clients, a new one with each hit. Of
bots that it doesn't know, ua-parser takes the name out of the text; here they are all one, unless
`data/clients.json` has them.
"""

import json
import re
from functools import cache
from pathlib import Path

from ua_parser import loaders, parse

from tracking.text_conditions import TEXT_CONDITIONS, one_or_more

CLIENTS = Path(__file__).parent / "data" / "clients.json"
NAMES = ("client", "os", "device")
LENGTH = 64
OTHER_BOT = "Other bot"
# How the names end that ua-parser takes out of a text, whatever stands before.
BOT = re.compile(r"(archiver|indexer|scraper|bot|spider|crawl[a-z]*)$", re.IGNORECASE)
BETWEEN_NAMES = re.compile(r"[()|]")


@cache
def known_bots() -> frozenset[str]:
    """The names of bots that ua-parser has in its list, rather than a pattern for."""
    clients, _, _ = loaders.load_builtins()
    texts = (text for client in clients for text in (client.regex, client.family))
    parts = (part for text in texts if text for part in BETWEEN_NAMES.split(text))
    return frozenset(part.replace("\\", "") for part in parts if BOT.search(part))


@cache
def clients() -> list[tuple[dict, dict]]:
    """(condition → wanted, name → what it is), the first to fit first."""
    found = json.loads(CLIENTS.read_text())
    return [
        (
            {name: one_or_more(each[name]) for name in TEXT_CONDITIONS if name in each},
            {name: each[name] for name in NAMES if name in each},
        )
        for each in found
    ]


def names_of(text: str) -> dict[str, str]:
    """{"client", "os", "device"}; what nobody can tell is empty."""
    parsed = parse(text)
    families = {"client": parsed.user_agent, "os": parsed.os, "device": parsed.device}
    names = {name: found.family[:LENGTH] if found else "" for name, found in families.items()}
    if BOT.search(names["client"]) and names["client"] not in known_bots():
        names["client"] = OTHER_BOT
    for conditions, better in clients():
        if all(TEXT_CONDITIONS[name](text, wanted) for name, wanted in conditions.items()):
            return names | better
    return names
