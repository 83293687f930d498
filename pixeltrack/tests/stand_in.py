"""What the tests run in place of the real processes: `stand_in.py web`, `… steady`, and so on.

Run as a file: as a module of the package, each would first load Celery.
"""

import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


def steady(name, seconds_to_stop=0.0):
    """Runs until it is asked to stop, and says so."""

    def stop(signum, frame):
        time.sleep(seconds_to_stop)
        print(f"{name} has stopped", flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    print(f"{name} runs", flush=True)


def web():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
    steady("web", seconds_to_stop=0.5)
    server.serve_forever()


def main():
    kind = sys.argv[1]
    if kind == "web":
        web()
    elif kind == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("deaf runs", flush=True)
    elif kind == "parent":
        subprocess.Popen([sys.executable, __file__, "orphan"])
        steady("parent")
    elif kind == "fails":
        print("something is wrong", flush=True)
        sys.exit(3)
    else:
        steady(kind)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
