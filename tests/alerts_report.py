"""The table of alerts, faults and seconds, as `make prove` keeps it in benchmarks/ALERTS.md."""

import os
import platform
from datetime import date
from pathlib import Path

from tests.alerts import SHORTER, Told
from tests.dashboards import rules

HEAD = """\
# How soon alerts fire, and clear

Made by `make prove` on {day}: {machine}, {cores} cores, with MariaDB, Redis, NGINX, Prometheus and
their exporters as docker-compose.yml has them, on one machine, in containers without Docker
(tests/containers). Grafana and cAdvisor can't be had here. Load average when it ended: {load:.1f}.

Prometheus has the very prometheus.yml and rules.yml, but that an alert waits for 1/{shorter} of its
`for:` before it fires, and that rules are looked at each second, not every 5. The fault is made for
real on the running stack. *Fires* counts from the fault, with that shorter wait; *in earnest* adds
what was left out of it; *clears* counts from its mending. Alerts about what was lost look five
minutes back, and clear when those are over.

| alert | fault | fires after | in earnest | clears after |
|---|---|---|---|---|
"""


def write_report(path: Path, told: dict[str, Told]):
    waits = {rule["alert"]: rule.get("for", "0s") for rule in rules()}
    lines = []
    for name, each in told.items():
        number, unit = int(waits[name][:-1]), waits[name][-1]
        wait = number * (60 if unit == "m" else 1)
        fires = each.fired - each.made
        lines.append(
            f"| `{name}` | {each.fault} | {fires:.0f} s | {fires + wait - wait // SHORTER:.0f} s "
            f"| {each.cleared - each.mended:.0f} s |\n"
        )
    head = HEAD.format(
        day=date.today(),
        machine=platform.platform(),
        cores=os.cpu_count(),
        load=os.getloadavg()[0],
        shorter=SHORTER,
    )
    path.write_text(head + "".join(lines))
