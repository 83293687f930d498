"""What there is to tell of contact imports as they go on."""

from collections.abc import Iterator

from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily

from campaigns.models import ContactImport

MOST_TOLD = 20  # of those that are running
IMPORT_ROWS = Counter(
    "pixeltrack_import_rows_total",
    "Rows of contact imports by what became of them; not of those that were only tried out",
    ["result"],
)
# Each from the beginning, so that the first one is seen as an increase.
ROWS = {name: IMPORT_ROWS.labels(name) for name in ("created", "updated", "unchanged", "rejected")}


def import_numbers() -> Iterator[GaugeMetricFamily]:
    """Of imports that were begun and have not ended: how many, and how far the latest of them have
    come. Raises DatabaseError."""
    running = ContactImport.objects.filter(state=ContactImport.State.RUNNING)
    yield GaugeMetricFamily(
        "pixeltrack_imports_running", "Contact imports that are being taken in", running.count()
    )
    progress = GaugeMetricFamily(
        "pixeltrack_import_progress_ratio",
        "How much of its file an import has taken in, from 0 to 1",
        labels=["import"],
    )
    for pk, read, total in running.order_by("-pk").values_list("pk", "bytes_read", "bytes_total")[
        :MOST_TOLD
    ]:
        progress.add_metric([str(pk)], min(1.0, read / total) if total else 0.0)
    yield progress
