"""How much memory a process has held."""

from pathlib import Path

from tests.services import wait_until

MEGABYTE = 1024 * 1024


def most_memory(pid: int) -> int:
    """The most that it ever held, or held since `forget_most_memory`, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return int(status["VmHWM"].split()[0]) * 1024


def forget_most_memory(pid: int):
    """From now on, only what it holds from now on counts."""
    with open(f"/proc/{pid}/clear_refs", "w") as file:
        file.write("5")


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def only_web_worker(stack) -> int:
    """The pid of the one web process that answers."""
    master = stack.services["web"].process.pid
    (child,) = wait_until(lambda: children(master), what="the web server has a worker")
    return child
