"""Where a Python process spends its time, by py-spy, which looks at it from outside."""

import re
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r":\d+\)$")
RATE = 500  # looks per second


@dataclass(frozen=True)
class Profile:
    """Shares (0 to 1) of the time in which the process did something, by function."""

    itself: dict[str, float]  # in the function
    within: dict[str, float]  # in it, and in what it has called


@contextmanager
def running(pid: int, folder: Path, seconds: int, *more: str):
    """Record while the context is open; what it yields gives the Profile afterwards. `more`: of
    py-spy's options."""
    path = folder / f"profile-{pid}.txt"
    path.unlink(missing_ok=True)
    options = f"--pid {pid} --format raw --rate {RATE} --duration {seconds} --nonblocking"
    command = [Path(sys.executable).with_name("py-spy"), "record", *options.split(), *more]
    command += ["-o", path]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as recorder:
        yield lambda: read(path)
        said = recorder.communicate()[0]
    assert recorder.returncode == 0, said


def read(path: Path) -> Profile:
    itself, within, looks = Counter(), Counter(), 0
    for line in path.read_text().splitlines():
        stack, _, times = line.rpartition(" ")
        functions = [LINE.sub(")", frame) for frame in stack.split(";")]
        looks += int(times)
        itself[functions[-1]] += int(times)
        for function in set(functions):
            within[function] += int(times)
    return Profile(shares(itself, looks), shares(within, looks))


def shares(counted: Counter, total: int) -> dict[str, float]:
    return {function: number / total for function, number in counted.most_common()}
