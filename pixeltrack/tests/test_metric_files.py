"""The numbers of many processes, of which some have ended."""

import fcntl
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pixeltrack import metric_files
from pixeltrack.metric_files import MetricFiles

COUNT = """
import sys
from prometheus_client import Counter, Gauge, Histogram
number = int(sys.argv[1])
Counter("seen", "Seen.", ["of"]).labels("a").inc(number)
Histogram("took", "Took.", buckets=(1, 10)).observe(number)
Gauge("level", "Level.", multiprocess_mode="livemax").set(number)
Gauge("last", "Last.", multiprocess_mode="mostrecent").set(number)
"""


@pytest.fixture
def files(tmp_path):
    return MetricFiles(tmp_path)


def process(files, number: int) -> int:
    """One that has counted, measured and ended; its id."""
    command = [sys.executable, "-c", COUNT, str(number)]
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(files.folder)}
    child = subprocess.Popen(command, env=environment)
    assert child.wait() == 0
    return child.pid


def told(files) -> dict[str, float]:
    samples = [sample for metric in files.collect() for sample in metric.samples]
    return {name + str(labels.get("le", "")): value for name, labels, value, *_ in samples}


def test_what_the_dead_have_counted_stays_and_what_they_measured_goes(files):
    pids = [process(files, number) for number in (1, 5, 20)]
    before = told(files)
    assert (before["seen_total"], before["took_sum"], before["level"]) == (26, 26, 20)
    for pid in pids:
        files.has_ended(pid)
        left = told(files)
        assert left["seen_total"] == left["took_sum"] == 26
        assert [left[f"took_bucket{le}"] for le in ("1.0", "10.0", "+Inf")] == [1, 2, 3]
    assert "level" not in left
    assert {path.name for path in files.folder.glob("*.db")} == {"counter_0.db", "histogram_0.db"}


def test_a_scrape_sees_the_dead_once(files):
    pids = [process(files, 1) for _ in range(4)]
    seen, stop = set(), threading.Event()

    def scrape():
        while not stop.is_set():
            seen.add(told(MetricFiles(files.folder))["seen_total"])

    with ThreadPoolExecutor() as pool:
        readers = [pool.submit(scrape) for _ in range(2)]
        for pid in pids:
            files.has_ended(pid)
        stop.set()
        for reader in readers:
            reader.result()
    assert seen == {4}


def test_a_reader_that_does_not_go_on_holds_nobody_up(files, monkeypatch):
    monkeypatch.setattr(metric_files, "PATIENCE_S", 0.05)
    first, second = process(files, 1), process(files, 2)
    with open(files.folder / "lock", "a") as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        files.has_ended(first)
        assert (files.folder / f"counter_{first}.db").exists()
    files.has_ended(second)  # does both
    assert told(files)["seen_total"] == 3
    assert not list(files.folder.glob(f"*_{first}.db"))


def test_a_file_that_its_process_had_no_time_to_write_is_passed_over(files, caplog):
    pid = process(files, 3)
    (files.folder / "counter_1.db").touch()
    assert told(files)["seen_total"] == 3
    (files.folder / f"histogram_{pid}.db").write_bytes(b"\xff" * 40)
    files.has_ended(1)
    files.has_ended(pid)
    assert told(files)["seen_total"] == 3
    assert "Metrics of a process are lost" in caplog.text
