"""The container image, built from the Dockerfile: by docker where there is one, else by buildah.

Where no registry can be reached, a Debian made by debootstrap stands in for the base image, under
its very name: the same release and the same Python, with what this machine says about mirrors.
`.image/` keeps it.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests.services import find

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".image"
NAME = "pixeltrack:local"
PYTHON = "python3.11-dev,python3.11-venv,python3-pip,ca-certificates"
# What the base image has as well: apt keeps nothing, and asks nothing.
OF_THIS_MACHINE = ("/etc/apt/apt.conf.d", "/etc/ssl/certs/ca-certificates.crt")


def base_image() -> str:
    """Of all stages: there is one."""
    [name] = set(re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    return name


def succeeds(*command, **more) -> bool:
    return subprocess.run(command, check=False, capture_output=True, **more).returncode == 0


def run(*command, **more) -> str:
    done = subprocess.run(
        list(map(str, command)), check=False, capture_output=True, text=True, cwd=ROOT, **more
    )
    said = done.stdout[-4000:] + done.stderr[-4000:]
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{said}"
    return done.stdout.strip()


class Docker:
    def build(self):
        run("docker", "build", "--tag", NAME, ".")

    @contextmanager
    def unpacked(self):
        """The folder with the image's files."""
        container = run("docker", "create", NAME)
        with tempfile.TemporaryDirectory(prefix="pixeltrack-image-") as folder:
            archive = Path(folder, "files.tar")
            run("docker", "export", "--output", archive, container)
            run("docker", "rm", container)
            root = Path(folder, "root")
            root.mkdir()
            run("tar", "-xf", archive, "-C", root)
            archive.unlink()
            yield root

    def configuration(self) -> dict:
        return json.loads(run("docker", "image", "inspect", NAME))[0]["Config"]


class Buildah:
    """Debian's, with storage of its own: nothing is pulled."""

    def __init__(self):
        places = ["--root", CACHE / "storage", "--runroot", CACHE / "run"]
        self.command = ["buildah", *places, "--storage-driver", "vfs"]
        self.environment = os.environ | {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}

    def ask(self, *arguments) -> str:
        return run(*self.command, *arguments, env=self.environment)

    def has(self, name: str) -> bool:
        known = subprocess.run(
            [*map(str, self.command), "images", "--quiet", name],
            check=False, capture_output=True, env=self.environment,
        )  # fmt: skip
        return known.returncode == 0 and bool(known.stdout.strip())

    def build(self):
        if not self.has(base_image()):
            self.make_base()
        mounts = [f"--volume={folder}:{folder}:ro" for folder in folders_of_pip()]
        own = ["--format", "docker", "--pull-never", *mounts, "--tag", NAME]
        self.ask("build", *own, "--file", "Dockerfile", ".")
        self.ask("rmi", "--prune")  # the one that had the name before

    def make_base(self):
        archive = CACHE / "debian.tar"
        if not archive.exists():
            make_debian(archive)
        container = self.ask("from", "scratch")
        self.ask("add", container, archive, "/")
        self.ask("config", "--env", "PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin", container)
        self.ask("commit", "--rm", "--quiet", container, base_image())

    @contextmanager
    def unpacked(self):
        container = self.ask("from", "--pull-never", NAME)
        try:
            yield Path(self.ask("mount", container))
        finally:
            self.ask("rm", container)

    def configuration(self) -> dict:
        return json.loads(self.ask("inspect", "--type", "image", NAME))["Docker"]["config"]


def builder() -> Docker | Buildah | None:
    if find("docker") and succeeds("docker", "info"):  # and not a client without a daemon
        return Docker()
    able = os.getuid() == 0 and find("buildah") and find("debootstrap")
    return Buildah() if able else None


def make_debian(archive: Path):
    """A root with Python, as the base image is one, and this machine's mirrors."""
    codename = base_image().rpartition("-")[2]
    wanted = ["Created-By: Packages", f"Codename: {codename}", "Component: main"]
    mirror = run("apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted).split("\n")[0]
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pixeltrack-debian-") as folder:
        run("debootstrap", "--variant=minbase", f"--include={PYTHON}", codename, folder, mirror)
        root = Path(folder)
        for path in OF_THIS_MACHINE:
            if os.path.isdir(path):
                shutil.copytree(path, root / path[1:], dirs_exist_ok=True)
            elif os.path.exists(path):
                shutil.copy(path, root / path[1:])
        (root / "etc" / "pip.conf").write_text(pip_configuration())
        (root / "usr" / "local" / "bin" / "python").symlink_to("/usr/bin/python3.11")
        leave_out = [f"--exclude=./{path}" for path in ("proc/*", "sys/*", "var/cache/apt/*.bin")]
        leave_out += ["--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*"]
        partial = archive.with_suffix(".partial")
        run("tar", "-C", folder, *leave_out, "-cf", partial, ".")
        partial.rename(archive)


def pip_settings() -> dict[str, str]:
    """What pip is told on this machine, by files and by the environment: where packages are."""
    told = run("python3", "-m", "pip", "config", "list")
    found = re.findall(r"^(?:global\.|:env:\.)([\w-]+)='(.*)'$", told, re.MULTILINE)
    wanted = {"index-url", "extra-index-url", "find-links", "cert", "trusted-host"}
    return {name: value for name, value in found if name in wanted}


def pip_configuration() -> str:
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in pip_settings().items())


def folders_of_pip() -> set[Path]:
    """Those on this machine in which pip finds packages. Within one that is named already, none."""
    text = " ".join(value for name, value in pip_settings().items() if name != "cert")
    named = {Path(path).parent for path in re.findall(r"(?:file://|(?<![\w:/]))(/[\w./-]+)", text)}
    return {path for path in named if path.is_dir() and not named & set(path.parents)}
