"""What the last stage of our Dockerfile says about the containers that are made of it."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

INSTRUCTION = re.compile(r"^([A-Z]+)\s+(.*)$", re.DOTALL)


@dataclass
class Dockerfile:
    environment: dict[str, str] = field(default_factory=dict)
    working_dir: str = "/"
    user: str = ""
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    stop_signal: str = "SIGTERM"
    healthcheck: dict | None = None
    copied: list[tuple[str, str]] = field(default_factory=list)  # of the context → where to
    volumes: list[str] = field(default_factory=list)


def read_dockerfile(path: Path) -> Dockerfile:
    """The last stage; what is copied from other stages isn't told."""
    found = Dockerfile()
    for name, rest in instructions(path.read_text()):
        if name == "FROM":
            found = Dockerfile()
        elif name == "ENV":
            for pair in shlex.split(rest):
                key, value = pair.split("=", 1)
                found.environment[key] = re.sub(
                    r"\$\{?(\w+)\}?", lambda each: found.environment.get(each[1], each[0]), value
                )
        elif name == "WORKDIR":
            found.working_dir = rest
        elif name == "USER":
            found.user = rest
        elif name == "ENTRYPOINT":
            found.entrypoint = command(rest)
        elif name == "CMD":
            found.command = command(rest)
        elif name == "STOPSIGNAL":
            found.stop_signal = rest
        elif name == "VOLUME":
            found.volumes = json.loads(rest) if rest.startswith("[") else rest.split()
        elif name == "HEALTHCHECK":
            found.healthcheck = healthcheck(rest)
        elif name == "COPY" and "--from" not in rest:
            *sources, target = [each for each in shlex.split(rest) if not each.startswith("--")]
            found.copied += [(source, target) for source in sources]
    return found


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
