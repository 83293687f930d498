"""What the processes that these tests start find in their environment."""

import os
import secrets
import socket
import time
from base64 import urlsafe_b64encode
from pathlib import Path

PATIENCE = 60.0  # seconds that a slow machine may take for what comes true in the end
ROOT = Path(__file__).parents[2]
OURS = ("ADMIN_", "API_", "DJANGO_", "FERNET_", "MYSQL_", "PIXEL_", "REDIS_", "PROMETHEUS_")
SINGLE = ("HOST", "PORT", "PUBLIC_URL", "STATS_PUBLIC", "TRUSTED_PROXIES", "WEB_CONCURRENCY")


def secrets_of_its_own() -> dict[str, str]:
    return {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "API_SECRET_KEY": secrets.token_urlsafe(64),
        "FERNET_KEY": urlsafe_b64encode(os.urandom(32)).decode(),
    }


def bare_environment(folder: Path, **more: str) -> dict[str, str]:
    """No setting of ours but the secrets, a `var/` in `folder`, and what is named."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(OURS) and name not in SINGLE
    }
    return (
        environment
        | secrets_of_its_own()
        | {"PIXEL_ENV_FILE": os.devnull, "PIXEL_VAR_DIR": str(folder / "var")}
        | more
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds: float = PATIENCE):
    """The first true value of `condition()`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
    return value
