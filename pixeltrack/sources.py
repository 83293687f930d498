"""Which process asks which store: so each is asked by few, and the web server of a machine without
PIXEL_METRICS_PORT, which tells of all its processes, asks all of them."""

from pixeltrack.exposition import Asked, Exposition
from tracking.backlog import stream_backlog
from tracking.host import host_numbers
from tracking.kept_numbers import kept_numbers

HOST = Asked(host_numbers)
STREAMS = Asked(stream_backlog)
DATABASE = Asked(kept_numbers)

CONSUMER = Exposition(HOST, STREAMS)
WORKER = Exposition(DATABASE)
BEAT = Exposition()
MACHINE = Exposition(HOST, STREAMS, DATABASE)
