"""docker-compose.yml, read as docker compose reads it."""

import json
import re
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docker-compose.yml"
# $$, ${NAME}, ${NAME:-what holds else, in which there may be another}, ${NAME:?what is wrong}
VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?::([-?])((?:[^{}]|\{[^{}]*\})*))?\})")


class Missing(Exception):
    """What docker compose says of a variable that must be there."""


def interpolate(text: str, variables: dict[str, str]) -> str:
    def value(found: re.Match) -> str:
        name, kind, rest = found.groups()
        if name is None:
            return "$"
        if variables.get(name):
            return variables[name]
        if kind == "?":
            raise Missing(f"required variable {name} is missing a value: {rest}")
        return interpolate(rest or "", variables)

    changed = VARIABLE.sub(value, text)
    assert "$" not in VARIABLE.sub("", text), f"a lone $ in {text!r}"
    return changed


def interpolated(node, variables: dict[str, str]):
    """Values are, and keys are not, as compose has it."""
    if isinstance(node, dict):
        return {name: interpolated(value, variables) for name, value in node.items()}
    if isinstance(node, list):
        return [interpolated(value, variables) for value in node]
    return interpolate(node, variables) if isinstance(node, str) else node


def variables_of(text: str) -> set[str]:
    """All that it may take from `.env`, the inner ones as well."""
    return set(re.findall(r"(?<!\$)\$\{(\w+)", text))


def read(variables: dict[str, str] | None = None) -> dict:
    """The file with its anchors resolved and, where `variables` are given, their values in it."""
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return document if variables is None else interpolated(document, variables)


def command_of(kind: str) -> list[str]:
    """What a container of ours runs, to be run here."""
    program, *arguments = read()["services"][kind]["command"]
    assert program == "python"
    return [sys.executable, *arguments]


def environment_of(service: dict, variables: dict[str, str]) -> dict[str, str]:
    """A name without a value is passed on where it is there."""
    named = service.get("environment", {})
    return {
        name: variables[name] if value is None else value
        for name, value in named.items()
        if value is not None or name in variables
    }


@cache
def specification() -> dict:
    """The Compose specification's own JSON schema, as check-jsonschema ships it."""
    folder = files("check_jsonschema") / "builtin_schemas" / "vendor"
    return json.loads((folder / "compose-spec.json").read_text(encoding="utf-8"))
