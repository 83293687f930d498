"""Makes the inside of a container, then becomes its command: `python -I first_process.py FILE`.

It runs in the container's new namespaces. The file is JSON: see `Container.inside`. The root is a
fresh tmpfs with the programs of this machine under /usr, its /etc (what is written there is the
container's own), and what the container mounts; of the machine's other files none is to be seen.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

MERGED = ("bin", "sbin", "lib", "lib32", "lib64")  # links into /usr
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
FOLDERS = ("usr", "etc", "proc", "dev", "mnt", "root", "home", "srv", "opt", "run", "var/lib")
FOLDERS += ("var/cache", "var/log")
OPEN_FOLDERS = ("tmp", "var/tmp")


def mount(*options):
    subprocess.run(["mount", *map(str, options)], check=True)


def main():
    inside = json.loads(Path(sys.argv[1]).read_text())
    base = Path(inside["folder"])
    made = os.open(inside["made"], os.O_WRONLY | os.O_CREAT)  # soon out of sight
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", base)
    root = base / "root"
    root.mkdir()
    mount("--bind", root, root)
    make_root(root)
    make_devices(root)
    for folder in inside["folders"]:
        (root / folder.lstrip("/")).mkdir(parents=True)
    for name, target in inside["links"].items():
        (root / name.lstrip("/")).symlink_to(target)
    # Docker mounts outer folders before those that are in them.
    mounts = [(place, mount_tmpfs, [options]) for place, options in inside["tmpfs"]]
    mounts += [(place, bind, [source, read_only]) for source, place, read_only in inside["mounts"]]
    for place, make, how in sorted(mounts, key=lambda each: each[0].count("/")):
        make(root / place.lstrip("/"), *how)
    for name, text in inside["files"].items():
        (root / name.lstrip("/")).write_text(text)
    change_root(root)
    if inside["read_only"]:
        mount("-o", "remount,bind,ro", "/")
        mount("-o", "remount,bind,ro", "/etc")
    subprocess.run(["hostname", inside["hostname"]], check=True)
    os.chdir(inside["working_dir"])
    os.write(made, b"made\n")
    if inside["init"]:
        be_init(*inside["user"])
    os.execve(inside["command"][0], inside["command"], inside["environment"])


def make_root(root: Path):
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in OPEN_FOLDERS:
        (root / name).mkdir(parents=True)
        (root / name).chmod(0o1777)
    (root / "var/run").symlink_to("../run")
    for name in MERGED:
        if Path("/", name).is_symlink():
            (root / name).symlink_to(os.readlink(f"/{name}"))
    bind(root / "usr", "/usr", read_only=True)
    upper, work = root.parent / "etc", root.parent / "work"
    upper.mkdir()
    work.mkdir()
    overlay = f"lowerdir=/etc,upperdir={upper},workdir={work}"
    mount("-t", "overlay", "-o", overlay, "overlay", root / "etc")
    mount("-t", "proc", "proc", root / "proc")


def make_devices(root: Path):
    dev = root / "dev"
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", dev)
    for name in DEVICES:
        (dev / name).touch()
        mount("--bind", f"/dev/{name}", dev / name)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (dev / name).symlink_to(f"/proc/self/fd/{number}")
    (dev / "fd").symlink_to("/proc/self/fd")
    (dev / "shm").mkdir()
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", dev / "shm")


def mount_tmpfs(place: Path, options: str):
    """As Docker does: a folder of the image keeps its mode, and root owns it."""
    mode = f"mode={place.stat().st_mode & 0o7777:o}" if place.is_dir() else "mode=1777"
    place.mkdir(parents=True, exist_ok=True)
    options = ",".join(["nosuid,nodev,noexec", mode, options]).rstrip(",")
    mount("-t", "tmpfs", "-o", options, "tmpfs", place)


def bind(place: Path, source: str, read_only: bool):
    if Path(source).is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    mount("--bind", source, place)
    if read_only:
        mount("-o", "remount,bind,ro", place)


def change_root(root: Path):
    subprocess.run(["pivot_root", root, root / "mnt"], check=True)
    os.chdir("/")
    subprocess.run(["umount", "--lazy", "/mnt"], check=True)


def be_init(uid: int, gid: int):
    """Returns in a child. The first process itself passes signals on to it, and takes in what
    others leave behind, as `init: true` asks for."""
    passed_on = set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, passed_on | {signal.SIGCHLD})
    child = os.fork()
    if not child:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on | {signal.SIGCHLD})
        return
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    while True:
        got = signal.sigwait(passed_on | {signal.SIGCHLD})
        if got != signal.SIGCHLD:
            os.kill(child, got)
            continue
        while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            if ended[0] == child:
                status = os.waitstatus_to_exitcode(ended[1])
                os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
