"""Benchmarks. Each ends by SIGTERM as by Ctrl-C: with all that it has started."""

import signal

# In the background Ctrl-C is ignored, and SIGTERM ends a process before it has ended what it has
# started: databases, servers, whoever sends requests.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler)
