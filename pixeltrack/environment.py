"""The environment, read strictly: a value that is missing, unknown or weak ends the start.

Values come from the process environment and, below it, from the `.env` file. Every check
raises `ValidationError` with a sentence that says what is expected; `Environment` turns it
into one line that names the variable.
"""

import binascii
import difflib
import os
from base64 import b64decode
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import load_dotenv
from dotenv.parser import parse_stream
from environs import Env, EnvError, ValidationError

NO_SECRETS = ("change", "insecure", "password", "secret")
OWN_PREFIXES = (
    "ADMIN_",
    "API_",
    "FERNET_",
    "IMPORT_",
    "MAX_IMPORT_",
    "MYSQL_",
    "OPENING_",
    "PIXEL_",
    "REDIS_",
)
# What environs says, and what is said in its place: what to write.
WANTED = {
    "Not a valid integer.": "must be a whole number, in digits alone.",
    "Not a valid boolean.": "must be on or off.",
}


class EnvironmentProblem(SystemExit):
    """Ends the process with status 1 and one line on stderr, whichever command it is."""

    def __init__(self, sentence: str):
        super().__init__(f"PixelTrack can't start: {sentence}")


class Environment:
    """Reads variables one by one and remembers their names, so that strangers can be told apart.

    A variable that is set to nothing counts as not set, as compose files pass them on.
    """

    def __init__(self, env_file: Path):
        self.env_file = env_file
        self._env = Env()
        self._known: set[str] = set()
        self._in_file: set[str] = set()
        if env_file.is_file():
            self._in_file.update(names_in(env_file))
            load_dotenv(env_file, interpolate=False)  # environs' own leaves os.environ as it is

    def text(self, name, default=..., *checks) -> str:
        return self._read(self._env.str, name, default, checks)

    def number(self, name, default=..., *checks) -> int:
        return self._read(self._env.int, name, default, checks)

    def flag(self, name, default=...) -> bool:
        return self._read(self._env.bool, name, default, ())

    def names(self, name, default=..., *checks) -> list[str]:
        """Values with commas between them."""
        return self._read(self._env.list, name, default, checks)

    def known(self) -> frozenset[str]:
        """All names that were read or allowed so far."""
        return frozenset(self._known)

    def has_in_file(self, name: str) -> bool:
        return name in self._in_file

    def _read(self, parse, name, default, checks):
        self._known.add(name)
        if not os.environ.get(name, "").strip():
            if default is ...:
                raise EnvironmentProblem(f"{name} is not set. {self._way_out()}")
            return default
        os.environ[name] = os.environ[name].strip()
        try:
            return parse(name, validate=list(checks))
        except EnvError as error:
            reasons = getattr(error, "error_messages", None) or [error]
            told = [WANTED.get(str(reason), str(reason)) for reason in reasons]
            raise EnvironmentProblem(f"{name}: {' '.join(told)}") from None

    def _way_out(self) -> str:
        name = self.env_file.name
        if not self.env_file.is_file():
            return f"`make env` writes {name} with fresh secrets."
        return (
            f"Add its line to {name} (.env.example says what it is for). If there was one, bring "
            "that back: a new secret can't read what the old one has made."
        )

    def allow(self, *names: str):
        """Names that other programs read from the same environment."""
        self._known.update(names)

    def refuse_strangers(self):
        """End the start at a name that can only be meant for us and is none that we know: one in
        our file, one with our prefixes, or one that is nearly a name of ours."""
        for name in sorted(self._in_file | os.environ.keys()):
            if name in self._known:
                continue
            ours = name in self._in_file or name.startswith(OWN_PREFIXES)
            alike = difflib.get_close_matches(name, self._known, 1, cutoff=0.6 if ours else 0.9)
            if ours or (alike and len(name) > len("HOST")):
                hint = f" Did you mean {alike[0]}?" if alike else ""
                raise EnvironmentProblem(f"{name} is not a setting of PixelTrack.{hint}")


def names_in(env_file: Path) -> set[str]:
    try:
        lines = list(parse_stream(StringIO(env_file.read_text(encoding="utf-8"))))
    except UnicodeDecodeError:
        raise EnvironmentProblem(f"{env_file.name} is not written in UTF-8.") from None
    for line in lines:
        if line.error:
            text = line.original.string.strip()[:20]
            raise EnvironmentProblem(
                f"line {line.original.line} of {env_file.name} can't be read ({text}…). "
                "Write NAME=value."
            )
    return {line.key for line in lines if line.key}


def one_of(*choices):
    def check(value):
        if value not in choices:
            raise ValidationError(f"must be one of {', '.join(choices)}.")

    return check


def between(low, high):
    def check(value):
        if not low <= value <= high:
            raise ValidationError(f"must be from {low} to {high}.")

    return check


def secret(least_bytes):
    """Long enough, and not the same few characters over and over."""

    def check(value):
        if len(value.encode()) < least_bytes:
            raise ValidationError(
                f"is weak: it has {len(value.encode())} bytes of at least {least_bytes}."
            )
        if len(set(value)) < 10 or value[:20] in value[1:]:
            raise ValidationError("is weak: it repeats itself. Use a random value.")
        if found := next((word for word in NO_SECRETS if word in value.lower()), None):
            raise ValidationError(f'is weak: it has the word "{found}" in it. Use a random value.')

    return check


def each(check):
    """For values with commas between them."""

    def check_each(value):
        for part in value.split(","):
            check(part.strip())

    return check_each


def fernet_keys(value):
    for key in value.split(","):
        try:  # strictly: the lenient decoder would pass over a second key behind the first
            decoded = b64decode(key.strip().replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        if len(decoded) != 32:
            raise ValidationError(
                "must be one or more Fernet keys, with commas between them: 32 random bytes in "
                "URL-safe base64 each. Fernet.generate_key() of Python's cryptography makes one."
            )
        if len(set(decoded)) < 10:
            raise ValidationError("is weak: it repeats a few bytes. Use a random key.")


def base_url(value):
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        raise ValidationError("is no address. https://track.example.com would be one.") from None
    if not value.startswith(("http://", "https://")) or not parts.hostname or " " in value:
        raise ValidationError("must begin with http:// or https:// and name a host.")
    if parts.path.strip("/") or "?" in value or "#" in value or "@" in parts.netloc:
        raise ValidationError("must end after the host and port: pixels live at the top, /p/….")


def host_names(values):
    for value in values:
        name = value.strip()
        if "/" in name or (":" in name and not name.startswith("[")) or name.endswith(":"):
            raise ValidationError(
                f"must be names of hosts, without https:// and port: {name} is none. "
                "track.example.com would be one."
            )


def redis_url(value):
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValidationError("must begin with redis://, rediss:// or unix://.")
    refuse_odd_port(value)


def refuse_odd_port(value):
    try:
        urlsplit(value).port  # noqa: B018 - raises where it is no number
    except ValueError:
        raise ValidationError("has no number for its port.") from None


def stream_url(value):
    """One Redis, or some nodes of a cluster, with commas between them."""
    scheme, _, rest = value.partition("+cluster://")
    if not rest:
        redis_url(value)
        return
    if scheme not in ("redis", "rediss"):
        raise ValidationError("must begin with redis+cluster:// or rediss+cluster://.")
    user, at, places = rest.rpartition("@")
    places, _, path = places.partition("?")[0].partition("/")
    if path not in ("", "0"):
        raise ValidationError("names a database, and a cluster has but one: end after the nodes.")
    for place in places.split(","):
        if not place.strip():
            raise ValidationError("must name a host, and each node after a comma.")
        refuse_odd_port(f"{scheme}://{user}{at}{place.strip()}")
