"""What the last stage of our Dockerfile says about the containers that are made of it."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

BINARIES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INSTRUCTION = re.compile(r"^([A-Z]+)\s+(.*)$", re.DOTALL)


@dataclass
class Dockerfile:
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": BINARIES})
    working_dir: str = "/"
    user: str = "root"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    stop_signal: str = "SIGTERM"
    healthcheck: dict | None = None
    uids: dict[str, int] = field(default_factory=dict)


def read_dockerfile(path: Path) -> Dockerfile:
    """The last stage."""
    found = Dockerfile()
    for name, rest in instructions(path.read_text()):
        match name:
            case "FROM":
                found = Dockerfile()
            case "ENV":
                for key, _, value in (pair.partition("=") for pair in shlex.split(rest)):
                    found.environment[key] = Template(value).substitute(found.environment)
            case "WORKDIR":
                found.working_dir = rest
            case "USER":
                found.user = rest
            case "ENTRYPOINT":
                found.entrypoint = command(rest)
            case "CMD":
                found.command = command(rest)
            case "STOPSIGNAL":
                found.stop_signal = rest
            case "HEALTHCHECK":
                found.healthcheck = healthcheck(rest)
            case "RUN":
                for uid, user in re.findall(r"useradd --uid (\d+) .*?(\w+)$", rest):
                    found.uids[user] = int(uid)
    return found


def context(dockerignore: Path) -> list[str]:
    """The names at the root of the repository that go into the image, of a file that excludes all
    but some."""
    lines = [line.strip() for line in dockerignore.read_text().splitlines()]
    assert "*" in lines
    return [line[1:] for line in lines if line.startswith("!")]


def instructions(text: str):
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if match := INSTRUCTION.match(line.strip()):
            yield match[1], match[2].strip()


def command(text: str) -> list[str]:
    return json.loads(text) if text.startswith("[") else ["/bin/sh", "-c", text]


def healthcheck(text: str) -> dict:
    """As compose writes one."""
    options, _, test = text.partition("CMD")
    pairs = re.findall(r"--([a-z-]+)=(\S+)", options)
    found = {name.replace("-", "_"): value for name, value in pairs}
    test = test.strip()
    return found | {"test": ["CMD", *command(test)] if test.startswith("[") else test}
