"""What this host has to tell, whichever of its processes is asked."""

from collections.abc import Iterator

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily

from tracking import spool


def host_numbers() -> Iterator[GaugeMetricFamily]:
    """Of the spool and of the disk that it is on. Raises OSError."""
    for name, text, value in (
        ("pixeltrack_spool_bytes", "Hits that wait in the spool", spool.waiting_bytes()),
        ("pixeltrack_disk_free_bytes", "Left on the spool's disk", spool.free_bytes()),
        (
            "pixeltrack_disk_reserve_bytes",
            "Where less than this is left, the disk runs low (PIXEL_DISK_RESERVE_MB)",
            settings.PIXEL_DISK_RESERVE_MB * 2**20,
        ),
    ):
        yield GaugeMetricFamily(name, text, value=value)
