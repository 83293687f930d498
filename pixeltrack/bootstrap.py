"""Writes `.env` with fresh random secrets, once: `python -m pixeltrack.bootstrap`."""

import os
from base64 import urlsafe_b64encode
from pathlib import Path
from secrets import token_bytes, token_urlsafe

TEMPLATE = """\
# Settings of PixelTrack on this machine. Written once and never overwritten; keep it secret.

# Signs sessions and forms. Django's.
DJANGO_SECRET_KEY={django_key}

# Signs the tokens of the REST API. Long enough for every API_SECRET_ALGORITHM.
API_SECRET_KEY={api_key}

# Encrypts what pixel addresses carry. To change it, put the new key first and a comma before
# the old one: addresses in mails that are out already need the old key.
FERNET_KEY={fernet_key}

# The first admin, made at the first start.
DJANGO_SUPERUSER_USERNAME=admin

# The first admin's e-mail address; it works at login as well.
DJANGO_SUPERUSER_EMAIL=admin@example.com

# The first admin's password. Changing it here changes nothing once the admin is there.
DJANGO_SUPERUSER_PASSWORD={password}
"""


def default_env_file() -> Path:
    root = Path(__file__).resolve().parent.parent
    return Path(os.environ.get("PIXEL_ENV_FILE") or root / ".env")


def write_env(path: Path) -> bool:
    """Write the file for its owner's eyes only; False, and nothing done, where there is one."""
    text = TEMPLATE.format(
        django_key=token_urlsafe(50),
        api_key=token_urlsafe(64),
        fernet_key=urlsafe_b64encode(token_bytes(32)).decode(),
        password=token_urlsafe(12),
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with open(descriptor, "w") as file:
        file.write(text)
    return True


if __name__ == "__main__":
    env_file = default_env_file()
    if write_env(env_file):
        print(f"Wrote {env_file.name} with fresh secrets and the admin's password.")
    else:
        print(f"{env_file.name} is there already; it stays as it is.")
