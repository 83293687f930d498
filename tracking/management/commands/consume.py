import logging
import os
import signal
import socket
import threading

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import close_old_connections
from redis.exceptions import RedisError

from tracking.consume import Consumer

logger = logging.getLogger(__name__)

PAUSE_S = 1  # after a failure of Redis or the database


class Command(BaseCommand):
    help = "Record hits from the stream until SIGTERM or Ctrl-C; several may run at once."

    def handle(self, **options):
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        consumer = Consumer(f"{socket.gethostname()}-{os.getpid()}")
        opened = False
        while not stop.is_set():
            close_old_connections()
            try:
                if not opened:
                    consumer.open()
                    opened = True
                    logger.info("Recording hits.")
                consumer.step()
            except (RedisError, DatabaseError) as error:
                logger.error("A batch waits: %s: %s", type(error).__name__, error)
                stop.wait(PAUSE_S)
        consumer.close()
        logger.info("Stopped after a whole batch.")
