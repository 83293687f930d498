"""`python -m pixeltrack.healthcheck`: does the process of this container go on with its work?

It ends with status 0 or 1, as Docker wants it. It loads nothing of Django: it is run every few
seconds.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

SECONDS = 5


def problem() -> str | None:
    port = os.environ.get("PIXEL_METRICS_PORT", "")
    if not port.isdecimal():
        return "PIXEL_METRICS_PORT names no port to ask."
    connection = HTTPConnection("127.0.0.1", int(port), timeout=SECONDS)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"There is no answer ({type(error).__name__})."
    finally:
        connection.close()
    return None if status == 200 else f"The answer is {status}."


if __name__ == "__main__":
    sys.exit(problem())
