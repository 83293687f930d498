"""Django, loaded once, for all that the `shell` of a stack is asked: python -m tests.django_shell

A line of JSON comes in, a text of Python; a line goes out, {"answer": …} or {"error": traceback}.
"""

import json
import os
import sys
import traceback
from contextlib import redirect_stdout

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
django.setup()

from django.core.cache import caches  # noqa: E402
from django.db import connections  # noqa: E402


def answer_to(code: str) -> dict:
    names = {}
    try:
        with redirect_stdout(sys.stderr):  # whatever it prints
            exec(code, names)
        return {"answer": names["answer"]}
    except Exception:
        return {"error": traceback.format_exc()}
    finally:  # a test may kill the stores before the next one comes
        connections.close_all()
        caches.close_all()


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer_to(json.loads(line))), flush=True)
