"""What the promise stands on: stores that keep what they have said they have."""

import os
from contextlib import suppress
from itertools import chain

from django.conf import settings
from django.core.checks import Error, register
from django.db import connections
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from tracking import spool, stream


def check_redis() -> list[Error]:
    """The Redis that holds the streams, or each that holds some of them. Raises RedisError where
    one does not answer."""
    return list(chain.from_iterable(map(check_node, stream.clients())))


def check_node(client: Redis) -> list[Error]:
    try:
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
        append_only = client.config_get("appendonly").get("appendonly")
    except ResponseError:  # a hosted Redis may keep its configuration to itself
        return []
    found = []
    if policy != "noeviction":
        found.append(
            Error(
                f"Redis may evict hits that wait: its maxmemory-policy is {policy}.",
                hint="Set `maxmemory-policy noeviction` where REDIS_STREAM_URL points.",
                id="tracking.E001",
            )
        )
    if append_only != "yes":
        found.append(
            Error(
                "Redis would lose the hits that wait when it ends: it writes no append-only file.",
                hint="Set `appendonly yes` where REDIS_STREAM_URL points.",
                id="tracking.E002",
            )
        )
    return found


def check_database() -> list[Error]:
    """The database's own durability. Raises django.db.Error where it does not answer."""
    connection = connections["default"]
    found = []
    if connection.settings_dict["ATOMIC_REQUESTS"]:
        found.append(
            Error(
                "ATOMIC_REQUESTS would wrap the transactions that record hits.",
                hint="Leave it off.",
                id="tracking.E003",
            )
        )
    mysql = connection.vendor == "mysql"
    setting = "innodb_flush_log_at_trx_commit" if mysql else "synchronous"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT @@{setting}" if mysql else f"PRAGMA {setting}")
        [value] = cursor.fetchone()
    if value != (1 if mysql else 2):
        found.append(
            Error(
                f"The database may forget what it has committed: {setting} is {value}.",
                hint=f"Set {setting} to {'1' if mysql else 'FULL'}.",
                id="tracking.E004",
            )
        )
    return found


def check_spool() -> list[Error]:
    with suppress(OSError):
        spool.folder().mkdir(parents=True, exist_ok=True)
    if os.access(spool.folder(), os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"Hits can't be spooled: {spool.folder()} is not a folder that can be written.",
            hint="Make it writable, or let PIXEL_VAR_DIR name another folder.",
            id="tracking.E005",
        )
    ]


@register("hits", deploy=True)
def check_stores(app_configs, **kwargs) -> list[Error]:
    """For `manage.py check --deploy`: asks the stores of `settings` themselves."""
    try:
        return check_redis() + check_database() + check_spool()
    except RedisError as error:
        where = settings.REDIS_STREAM_URL.rpartition("@")[2]
        return [Error(f"Redis does not answer at {where} ({error}).", id="tracking.E006")]
