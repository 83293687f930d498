#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

from accounts.collector import collect_nothing_while_loading

if __name__ == "__main__":
    collect_nothing_while_loading()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell says it; a traceback would look like a fault
