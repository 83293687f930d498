import logging
import os
import signal
import socket
import threading

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from redis.exceptions import RedisError

from accounts.collector import collect_rarely
from tracking import spool, verdict_data
from tracking.checks import check_database, check_redis, check_spool
from tracking.consume import Consumer
from tracking.heartbeat import Heartbeat
from tracking.replica import Marker

logger = logging.getLogger(__name__)

PAUSE_S = 1  # after a failure of Redis or the database


class Command(BaseCommand):
    help = "Record hits from the stream until SIGTERM or Ctrl-C; several may run at once."
    heartbeat = Heartbeat("consumer")

    def handle(self, **options):
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        verdict_data.watch()
        collect_rarely()
        consumer = Consumer(f"{socket.gethostname()}-{os.getpid()}")
        marker = Marker()
        unchecked = [check_spool, check_database, check_redis]
        while not stop.is_set():
            self.heartbeat.beat()
            close_old_connections()
            try:
                while unchecked:
                    refuse(unchecked[0]())
                    unchecked.pop(0)
                    if not unchecked:
                        logger.info("Recording hits.")
                consumer.step()
                marker.mark()
            except (RedisError, DatabaseError, OSError) as error:
                logger.error("Waiting for %s (%s).", store_of(error), type(error).__name__)
                stop.wait(PAUSE_S)
        consumer.close()
        logger.info("Stopped after a whole batch.")


def store_of(error: Exception) -> str:
    """The one that has failed, and where it is: without whatever an address has of a login."""
    if isinstance(error, RedisError):
        address = settings.REDIS_STREAM_URL.partition("://")[2].rpartition("@")[2]
        return f"Redis at {address.partition('?')[0]}"
    if isinstance(error, DatabaseError):
        database = connection.settings_dict
        place = database["HOST"] and f"{database['HOST']}:{database['PORT']}"
        return f"the database at {place or database['NAME']}"
    return f"the spool in {spool.folder()}"


def refuse(errors):
    for error in errors:
        raise CommandError(f"{error.msg} {error.hint}")
