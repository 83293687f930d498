"""What a User-Agent calls itself: client, operating system and device, as ua-parser names them,
and otherwise where `data/clients.json` knows a mail client better."""

import json
from functools import cache
from pathlib import Path

from ua_parser import parse

from tracking.text_conditions import TEXT_CONDITIONS, one_or_more

CLIENTS = Path(__file__).parent / "data" / "clients.json"
NAMES = ("client", "os", "device")
LENGTH = 64


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
    for conditions, better in clients():
        if all(TEXT_CONDITIONS[name](text, wanted) for name, wanted in conditions.items()):
            return names | better
    return names
