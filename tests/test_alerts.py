"""Each alert fires when its fault is made on the running stack, and clears when it is mended.

Prometheus has the very prometheus.yml and rules.yml; only what alerts wait for before they fire is
a sixth, and they are looked at each second: see tests/alerts.py. `make prove` keeps the table.
"""

import os
import tempfile
from pathlib import Path

import pytest

from tests.alerts import Alerts, Faults, scaled
from tests.alerts_report import write_report
from tests.conftest import WHOLE_STACK_NEEDS, needs
from tests.containers import namespaces
from tests.dashboards import rules
from tests.thorough import THOROUGH
from tests.whole_stack import WholeStack

pytestmark = pytest.mark.skipif(not THOROUGH, reason="takes a quarter of an hour: make prove")
REPORT = "ALERTS_REPORT"  # names the file that the table is written to


@pytest.fixture
def stack():
    if why := namespaces.missing():
        pytest.skip(f"no containers here: {why}")
    for program in WHOLE_STACK_NEEDS:
        needs(program)
    folder = Path(tempfile.mkdtemp(prefix="pixeltrack-"))
    stack = WholeStack(folder, scaled(folder / "scaled"))
    try:
        yield stack.start()
    finally:
        stack.close()


@pytest.fixture
def alerts(stack):
    alerts = Alerts(stack)
    yield alerts
    alerts.close()


def test_each_alert_fires_on_its_fault_and_clears_after_it(stack, alerts):
    faults = Faults(stack)
    faults.hit()
    stack.settle()
    stack.spool.mkdir(exist_ok=True)

    # -- The consumers stand still, and what they have read is deleted -----------------------------
    let_go = faults.hold_the_table()
    alerts.make("ConsumerLag", "a lock on the table of openings")
    faults.hit()
    alerts.wait_for("ConsumerLag")
    alerts.make("EntriesDeleted", "XDEL of an entry that a consumer has read, which then dies")
    faults.delete_entries()
    let_go()
    alerts.mend("ConsumerLag")
    for name in ("consumer-1", "consumer-2"):
        stack.compose.containers[name].crash()
    alerts.wait_for("EntriesDeleted")
    alerts.mend("EntriesDeleted")  # nobody can: it clears after five minutes

    # -- No store at all; at first no spool either -------------------------------------------------
    stack.settle()
    open_spool = faults.close_the_spool()
    start_stores = faults.kill("redis-1", "mysql-1")
    alerts.make("BreakerOpen", "Redis and MySQL killed")
    alerts.make("HitsLost", "Redis and MySQL killed, and the spool's folder closed")
    alerts.wait_for("BreakerOpen", "HitsLost", meanwhile=faults.hit)
    open_spool()
    alerts.mend("HitsLost")  # it, too, clears after five minutes
    alerts.make("SpoolNotEmpty", "Redis and MySQL killed")
    alerts.wait_for("SpoolNotEmpty", meanwhile=faults.hit)
    start_stores()
    alerts.mend("BreakerOpen", "SpoolNotEmpty")
    stack.compose.up()
    faults.hit()
    stack.settle()

    # -- One thing each ----------------------------------------------------------------------------
    mends = []
    for name, fault, make in (
        ("TargetDown", "redis-exporter killed", lambda: faults.kill("redis-exporter-1")),
        ("CountsDrift", "counts changed by SQL", faults.falsify_counts),
        ("VerdictDataOld", "rules of 2020 installed", faults.age_the_rules),
        ("DiskLow", "PIXEL_DISK_RESERVE_MB raised", faults.raise_the_reserve),
    ):
        alerts.make(name, fault)
        mends.append((name, make()))
    alerts.wait_for("TargetDown", "CountsDrift", "VerdictDataOld", "DiskLow")
    for name, mend in mends:
        mend()
        alerts.mend(name)

    # -- Processes that have gone ------------------------------------------------------------------
    alerts.make("ConsumerStopped", "both consumers killed")
    start_consumers = faults.kill("consumer-1", "consumer-2")
    alerts.wait_for("ConsumerStopped")
    start_consumers()
    alerts.mend("ConsumerStopped")
    alerts.make("TasksStopped", "beat killed")
    start_beat = faults.kill("beat-1")
    alerts.wait_for("TasksStopped")
    start_beat()
    alerts.mend("TasksStopped")
    alerts.wait_until_clear()
    assert alerts.told.keys() == {rule["alert"] for rule in rules()}
    if REPORT in os.environ:
        write_report(Path(os.environ[REPORT]), alerts.told)
