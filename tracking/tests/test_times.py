"""Times that are observed together are observed as each alone."""

import asyncio

from prometheus_client import CollectorRegistry, Histogram

from tracking.metrics import Times

SECONDS = [0.0, 0.001, 0.0011, 0.004, 0.25, 3.0, 0.004]


def histogram() -> Histogram:
    return Histogram("seconds", "Of a test", buckets=(0.001, 0.005, 1), registry=None)


def samples(histogram) -> list[tuple]:
    registry = CollectorRegistry()
    registry.register(histogram)
    return [
        (sample.name, sample.labels, round(sample.value, 9))
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    ]


def test_they_are_those_of_the_histogram_itself():
    together, alone = histogram(), histogram()
    nothing = samples(histogram())

    async def observe():
        times = Times(together)
        for turn in (SECONDS, SECONDS[:2]):
            for seconds in turn:
                times.add(seconds)
                alone.observe(seconds)
            await asyncio.sleep(0)

    asyncio.run(observe())
    assert samples(together) == samples(alone) != nothing
