from collections.abc import Iterable

from prometheus_client.metrics_core import Metric


def samples(metrics: Iterable[Metric]) -> dict[tuple[str, ...], float]:
    """(name without `pixeltrack_`, values of the labels …) → value"""
    return {
        (name.removeprefix("pixeltrack_"), *labels.values()): value
        for metric in metrics
        for name, labels, value, *_ in metric.samples
    }
