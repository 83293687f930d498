"""What a hit costs in a web process, and how long its event loop waits while a list is loaded.

    python -m benchmarks.ranges_web PATH

prints it as JSON. It needs the settings of an installation of its own in the environment.
"""

import asyncio
import json
import sys
import threading
import time
from pathlib import Path
from statistics import median, quantiles

import django
import uvloop

django.setup()  # before models are imported

from benchmarks.ranges_list import microseconds, wanted  # noqa: E402
from tracking import networks, verdict_data  # noqa: E402
from tracking.hit import Hit  # noqa: E402
from tracking.networks import EGRESS  # noqa: E402
from tracking.verdict import judge  # noqa: E402

IDLE_S = 2
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0"


def main(path: Path) -> dict:
    addresses = [str(each) for each in wanted(path)["anywhere"]]
    again = addresses[:1] * 100_000
    shipped = microseconds(networks.locate, addresses)
    EGRESS.installed.parent.mkdir()
    EGRESS.installed.write_bytes(path.read_bytes())
    verdict_data.load()
    hit = Hit(b"e" * 16, b"p" * 16, 0, THUNDERBIRD)
    return {
        "shipped": shipped,
        "first": microseconds(networks.locate, addresses),
        "again": microseconds(networks.locate, again),
        "bare": microseconds(networks._look_up, again),
        "look": microseconds(lambda _: verdict_data.load(), [None] * 10_000),
        "judge": microseconds(judge, [hit] * 100_000),
        "idle": uvloop.run(pauses(lambda: time.sleep(IDLE_S))),
        "loading": uvloop.run(pauses(lambda: EGRESS.read_from(EGRESS.installed))),
    }


async def pauses(work) -> dict:
    """How late the event loop's timer of a millisecond fires, in ms, while a thread works."""
    thread, late = threading.Thread(target=work), []
    thread.start()
    while thread.is_alive():
        begun = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append((time.perf_counter() - begun - 0.001) * 1000)
    return {"p50": median(late), "p99": quantiles(late, n=100)[98], "max": max(late)}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
