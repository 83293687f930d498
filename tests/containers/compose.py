"""docker-compose.yml as it is read here: variables put in, and the parts that are used here."""

import re
import shlex
from pathlib import Path

import yaml

from tests.compose import interpolated

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
# What these mean is acted on, here or where an image is built; anything else must be noticed.
UNDERSTOOD = {
    *("image", "build", "command", "entrypoint", "environment", "env_file", "volumes", "tmpfs"),
    *(
        "read_only",
        "user",
        "working_dir",
        "healthcheck",
        "depends_on",
        "networks",
        "restart",
        "init",
    ),
    *("stop_signal", "stop_grace_period", "cap_drop", "cap_add", "security_opt", "deploy", "scale"),
    "sysctls",
}
# Limits of memory and processes, what Docker does with logs, what it publishes outside: not here.
LEFT_OUT = {
    *(
        "mem_limit",
        "memswap_limit",
        "mem_reservation",
        "cpus",
        "cpu_shares",
        "pids_limit",
        "ulimits",
        "shm_size",
    ),
    *("logging", "ports", "expose", "labels", "pull_policy", "privileged", "devices", "platform"),
    *("oom_score_adj", "container_name", "profiles"),
}


def read_env(path: Path) -> dict[str, str]:
    """The settings in a file of NAME=value lines, as compose reads `.env`."""
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: unquoted(value) for name, value in pairs}


def unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def seconds(duration: str | int | float) -> float:
    """1m30s → 90."""
    if not isinstance(duration, str):
        return float(duration)
    parts = re.findall(r"([\d.]+)(ms|s|m|h)", duration)
    assert "".join(map("".join, parts)) == duration, f"{duration!r} is no duration"
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def words(command) -> list[str] | None:
    """A command as compose has it: a list is as it is, a text is split as a shell would."""
    return shlex.split(command) if isinstance(command, str) else command


def as_dict(value) -> dict:
    """`{"A": "1"}` of that, of ["A=1"], or of ["A"]."""
    if isinstance(value, dict):
        return value
    return dict(each.split("=", 1) if "=" in each else (each, None) for each in value or [])


class ComposeFile:
    """The services, networks and volumes of a compose file, with the variables of `env_file`."""

    def __init__(self, file: Path, env_file: Path):
        self.folder = file.parent
        self.variables = read_env(env_file)
        content = interpolated(yaml.safe_load(file.read_text()), self.variables)
        self.networks = content.get("networks") or {}
        self.volumes = content.get("volumes") or {}
        self.services = {
            name: Service(name, entry, self) for name, entry in content["services"].items()
        }
        self.networks.setdefault("default", {})


class Service:
    def __init__(self, name: str, entry: dict, file: ComposeFile):
        unknown = entry.keys() - UNDERSTOOD - LEFT_OUT
        assert not unknown, f"{name}: nothing here knows what {sorted(unknown)} means"
        self.name, self.entry, self.file = name, entry, file
        self.is_ours = "build" in entry
        self.image = entry.get("image", "")
        self.replicas = entry.get("scale") or entry.get("deploy", {}).get("replicas", 1)
        self.restarts = str(entry.get("restart", "no"))
        self.grace = seconds(entry.get("stop_grace_period", 10))
        self.depends_on = self._dependencies()
        self.networks = list(entry.get("networks") or ["default"])

    def _dependencies(self) -> dict[str, str]:
        """Name of a service → what must be true of it before this one starts."""
        found = self.entry.get("depends_on", {})
        if isinstance(found, list):
            return dict.fromkeys(found, "service_started")
        return {name: each.get("condition", "service_started") for name, each in found.items()}

    @property
    def environment(self) -> dict[str, str]:
        found = {}
        files = self.entry.get("env_file", [])
        for each in [files] if isinstance(files, str | dict) else files:
            path = each["path"] if isinstance(each, dict) else each
            # The one beside the compose file is the one that the variables come from.
            is_main = path in (".env", "./.env")
            found |= self.file.variables if is_main else read_env(self.file.folder / path)
        for name, value in as_dict(self.entry.get("environment")).items():
            value = self.file.variables.get(name) if value is None else value
            if value is not None:
                found[name] = str(value).lower() if isinstance(value, bool) else str(value)
        return found

    @property
    def volumes(self) -> list[tuple[str, str, bool]]:
        """Each as source, place in the container, whether it is only read. A source that begins
        with / is a path, another one the name of a volume."""
        return [self._volume(each) for each in self.entry.get("volumes", [])]

    def _volume(self, each) -> tuple[str, str, bool]:
        if isinstance(each, str):
            source, target, *how = each.split(":")
            read_only = "ro" in ",".join(how).split(",")
        else:
            source, target = each["source"], each["target"]
            read_only = bool(each.get("read_only"))
        if source.startswith((".", "/")):
            source = str((self.file.folder / source).resolve())
        return source, target, read_only

    @property
    def tmpfs(self) -> list[tuple[str, str]]:
        """Each as place in the container and options."""
        found = self.entry.get("tmpfs", [])
        each = [found] if isinstance(found, str) else found
        return [(place, options) for place, _, options in (one.partition(":") for one in each)]
