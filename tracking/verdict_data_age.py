from collections.abc import Iterator
from datetime import UTC, datetime, time
from time import time as now

from prometheus_client.core import GaugeMetricFamily

from tracking.data_file import signature_of
from tracking.verdict import RULES
from tracking.verdict_data import FILES


def verdict_data_age() -> Iterator[GaugeMetricFamily]:
    """Since the date of the rules in force, or since an operator has installed one of the files,
    whichever is later."""
    rules = datetime.combine(RULES.value.date, time(), UTC).timestamp()
    installed = [found[0] / 1e9 for file in FILES if (found := signature_of(file.installed))]
    yield GaugeMetricFamily(
        "pixeltrack_verdict_data_age_seconds",
        "Since somebody has looked after the data that openings are judged by",
        value=max(0.0, now() - max([rules, *installed])),
    )
