"""The files that say how openings are judged, and the thread that takes up new ones."""

import csv
import logging
import threading
from pathlib import Path

from tracking.data_file import DataFile, Unfit
from tracking.networks import COLUMNS, EGRESS, NETWORKS
from tracking.ranges import read_network
from tracking.verdict import RULES

logger = logging.getLogger(__name__)

FILES = (RULES, NETWORKS, EGRESS)
EVERY_S = 5

_watching: threading.Thread | None = None
_beginning = threading.Lock()


def load():
    """Take up what is installed now, or what ships."""
    for file in FILES:
        file.refresh()


def watch():
    """Load it, and have it looked at every few seconds from now on: by a thread, which holds up
    neither hits nor the event loop. A fork has none of its own until it asks for one."""
    global _watching
    if _watching is not None and _watching.is_alive():
        return
    with _beginning:
        if _watching is None or not _watching.is_alive():
            load()
            _watching = threading.Thread(target=keep_loading, name="verdict data", daemon=True)
            _watching.start()


def keep_loading(stop: threading.Event | None = None):
    stop = stop or threading.Event()
    while not stop.wait(EVERY_S):
        try:
            load()
        except Exception:  # the thread has to live on
            logger.exception("The verdict data could not be looked at.")


def kind_of(path: Path) -> DataFile:
    """Which of the files this one is, by what its first line holds; Unfit."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = next((line for line in file if line.strip()), "")
    except UnicodeDecodeError:
        raise Unfit("It is not in UTF-8. Save it so.") from None
    except OSError as error:
        raise Unfit(f"It can't be read: {error.strerror}.") from None
    if line.lstrip().startswith("{"):
        return RULES
    try:
        cells = next(csv.reader([line]), []) or [""]
        if set(cells) & set(COLUMNS):
            return NETWORKS
        read_network(cells[0])
    except (csv.Error, ValueError):
        raise Unfit(
            "It is neither rules (JSON), nor networks (CSV, whose first line names network and "
            "label), nor Apple's list (CSV, whose lines begin with a network)."
        ) from None
    return EGRESS
