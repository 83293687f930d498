"""Which data names of clients, systems and devices are from."""

from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from tracking import client_names

LIBRARY = ("ua-parser", "ua-parser-builtins", "ua-parser-rs")


@cache
def names_version() -> str:
    """16 letters and digits: others wherever a User-Agent might have other names."""
    data = blake2b(digest_size=8)
    for file in (client_names.CLIENTS, Path(client_names.__file__)):
        data.update(file.read_bytes())
    for name in LIBRARY:
        data.update(f"{name} {version(name)}".encode())
    return data.hexdigest()
