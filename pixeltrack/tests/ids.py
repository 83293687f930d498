"""Ids of rows within the bodies of requests: where they are, and others in their place."""

import json

# The names of fields that hold an id. The serializers' own fields are looked at beside these.
NAMES = {"team", "campaign", "group", "contact", "pixel", "opening", "user", "membership"}


def places(body, path=()):
    """The paths of all ids in a body: ("contacts", 0, "group")."""
    inner = body.items() if isinstance(body, dict) else enumerate(body)
    for name, value in inner:
        if isinstance(value, dict | list):
            yield from places(value, (*path, name))
        elif name in NAMES and isinstance(value, int):
            yield *path, name


def put(body, path, value):
    """A copy of the body with this value at that path."""
    copy = inner = json.loads(json.dumps(body))
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return copy


def at(body, path):
    for name in path:
        body = body[name]
    return body
