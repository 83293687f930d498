"""The reckoning of benchmarks/cost.py."""

import os
import subprocess

import pytest

from benchmarks.cost_needs import cores, needs, size
from benchmarks.cost_report import BEGIN, END, quoted
from benchmarks.cost_run import TIERS, Cost, cpu_seconds

COST = Cost(
    cpu=dict.fromkeys(TIERS, 60.0),
    rows={"openings": 200.0, "opened contacts": 100.0},
    binary_log=500.0,
    redis_filter=100.0,
    redis_stream=50.0,
    answer=400.0,
)


def test_needs_are_those_of_the_peak():
    found = needs(COST, 86_400_000)  # a thousand a second
    assert (found.average, found.peak) == (1000, 5000)
    assert found.cores["web"] == pytest.approx(5000 * 60e-6 / 0.6)
    assert found.redis_memory == 5000 * (3660 * 100 + 600 * 50)
    assert found.disk_monthly == 30 * found.disk_daily == 30 * 86_400_000 * 300
    assert found.binary_log == 7 * 86_400_000 * 500
    assert found.network == 5000 * 400 * 8


@pytest.mark.parametrize(
    ("number", "said"),
    [(999, "999 B"), (1_500, "1.5 KB"), (2e9, "2 GB"), (3.21e15, "3.21 PB"), (5e18, "5,000 PB")],
)
def test_sizes_are_told_in_three_digits(number, said):
    assert size(number) == said


def test_a_part_of_a_core_is_told_as_such_and_more_than_one_is_rounded_up():
    assert [cores(0.04), cores(1.2), cores(1200)] == ["0.04", "2", "1,200"]


def test_the_table_takes_the_place_of_the_one_before():
    page = f"before\n{BEGIN}\n| old |\n{END}\nafter\n"
    once = quoted(page, ["| new |"])
    assert once == f"before\n{BEGIN}\n\n| new |\n\n{END}\nafter\n"
    assert quoted(once, ["| new |"]) == once


def test_the_cpu_of_a_process_is_told_with_that_of_its_children():
    busy = "i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); done"
    script = f"({busy}); echo; read line"  # a child that has ended, and is waited for
    with subprocess.Popen(
        ["sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        process.stdout.readline()
        assert cpu_seconds(process.pid) >= 0.01
        process.stdin.close()
    assert cpu_seconds(os.getsid(0)) >= 0
