"""Writes `.env` with fresh random secrets, once: `python -m pixeltrack.bootstrap`.

Into one that is there it adds the secrets of stores that are missing. What a setting is for stands
in `.env.example`, which is the template.
"""

import os
import re
from base64 import urlsafe_b64encode
from functools import partial
from pathlib import Path
from secrets import token_bytes, token_urlsafe

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / ".env.example"
KEYS = ("DJANGO_SECRET_KEY", "API_SECRET_KEY", "FERNET_KEY")
STORE_SECRETS = (
    *(f"MYSQL_{user}PASSWORD" for user in ("ROOT_", "", "GRAFANA_", "EXPORTER_")),
    *(f"REDIS_{user}PASSWORD" for user in ("ROOT_", "", "EXPORTER_")),
    "GRAFANA_ADMIN_PASSWORD",
)
SECRETS = {
    "DJANGO_SECRET_KEY": partial(token_urlsafe, 50),
    "API_SECRET_KEY": partial(token_urlsafe, 64),
    "FERNET_KEY": lambda: urlsafe_b64encode(token_bytes(32)).decode(),
    "DJANGO_SUPERUSER_PASSWORD": partial(token_urlsafe, 12),
} | dict.fromkeys(STORE_SECRETS, partial(token_urlsafe, 24))
# Who names a store of their own names its password, or needs none.
BELONGS_TO = {"MYSQL_PASSWORD": "MYSQL_HOST", "REDIS_PASSWORD": "REDIS_HOST"}  # nosec B105 # names
ASSIGNMENT = re.compile(r"^(?:export\s+)?(\w+)[ \t]*=[ \t]*(.*)$", re.MULTILINE)
NOTHING = re.compile(r"""(?:''|"")?\s*(?:#.*)?""")
HEADING = "# Settings of PixelTrack on this machine; .env.example lists them all. Keep it secret.\n"


def default_env_file() -> Path:
    return Path(os.environ.get("PIXEL_ENV_FILE") or ROOT / ".env")


def template() -> dict[str, str]:
    """The settings that `.env` has from the start: each with its comment, its name, and `=`."""
    paragraphs = re.findall(r"(?:^#.*\n)+^\w+=.*\n", TEMPLATE.read_text("utf-8"), re.MULTILINE)
    return {ASSIGNMENT.search(paragraph)[1]: paragraph for paragraph in paragraphs}


def filled(names) -> str:
    """The paragraphs of these settings, secrets with fresh values."""
    known = template()
    return "".join(
        "\n" + known[name].rstrip("\n") + (SECRETS[name]() if name in SECRETS else "") + "\n"
        for name in names
    )


def set_in(text: str) -> set[str]:
    values = dict(ASSIGNMENT.findall(text))
    return {name for name, value in values.items() if not NOTHING.fullmatch(value)}


def missing_in(text: str) -> list[str]:
    """Not the keys: what they have signed and encrypted would be lost to others, if they are kept
    elsewhere."""
    there = set_in(text)
    return [
        name for name in STORE_SECRETS if name not in there and BELONGS_TO.get(name) not in there
    ]


def write_env(path: Path) -> bool:
    """Write the file for its owner's eyes only; False, and nothing done, where there is one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(HEADING + filled(template()))
    return True


def add_missing(path: Path) -> list[str]:
    """The names of the secrets that were added at the end of the file; the rest stays as it is."""
    text = path.read_text("utf-8")
    if names := missing_in(text):
        with path.open("a", encoding="utf-8") as file:
            file.write(("" if text.endswith("\n") else "\n") + filled(names))
    return names


def main():
    env_file = default_env_file()
    if write_env(env_file):
        print(f"Wrote {env_file.name} with fresh secrets and the admin's password.")
    elif names := add_missing(env_file):
        print(f"Added to {env_file.name}, with fresh secrets: {', '.join(names)}.")
    else:
        print(f"{env_file.name} is there already; it stays as it is.")
    if lacking := [name for name in KEYS if name not in set_in(env_file.read_text("utf-8"))]:
        print(
            f"{env_file.name} has no {', '.join(lacking)}. Set them elsewhere, or add the lines "
            "from a copy: new ones can't read what the old ones have made."
        )


if __name__ == "__main__":
    main()
