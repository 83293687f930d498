"""What a process has loaded is not looked at again by the garbage collector, which goes on."""

import json
import subprocess
import sys

from pixeltrack.tests.surroundings import ROOT, bare_environment

TELL = "import gc, json; print(json.dumps([gc.isenabled(), gc.get_freeze_count()]))"


def test_a_command_collects_garbage_but_does_not_look_through_what_it_has_loaded(tmp_path):
    told = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", TELL],
        env=bare_environment(tmp_path),
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    collects, frozen = json.loads(told.stdout)
    assert collects
    assert frozen > 50_000
