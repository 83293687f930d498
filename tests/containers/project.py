"""`docker compose up`, `down`, `kill` and the like, without Docker."""

import contextlib
import shutil
import socket
import threading
import time
from pathlib import Path

from tests.containers.compose import ComposeFile
from tests.containers.container import Container
from tests.containers.images import image_of, is_not_here
from tests.containers.names import NameServer
from tests.containers.namespaces import Namespaces, inside
from tests.services import PATIENCE, GaveUp

GATEWAY = "10.83.{network}.1"
ADDRESS = "10.83.{network}.{number}"
NAME_SERVER = "127.0.0.11"
ASKED_EVERY = 1.0  # seconds: oftener than compose.yml has it, so that nobody waits for the answer
RESTARTS = ("always", "unless-stopped", "on-failure")


class Project:
    """The services of a compose file: `up()`, then `down()`, and again; `close()` at the end.

    Everything is in `folder`. `clients` are addresses that the tests may speak from;
    `static` is a folder of static files that need not be collected once more.
    """

    def __init__(
        self,
        file: ComposeFile,
        folder: Path,
        clients: tuple[str, ...] = (),
        static: Path | None = None,
    ):
        self.services, self.networks, self.folder = file.services, file.networks, folder
        for name in ("containers", "volumes", "build"):
            (folder / name).mkdir()
        self.left_out = {
            name: why
            for name, service in self.services.items()
            if (why := is_not_here(service.image))
        }
        self.images = {
            name: image_of(service, folder / "build", static)
            for name, service in self.services.items()
            if name not in self.left_out
        }
        self.one_shots = {
            name
            for service in self.services.values()
            for name, condition in service.depends_on.items()
            if condition == "service_completed_successfully"
        }
        self.containers: dict[str, Container] = {}
        self.namespaces = Namespaces()
        self.names = NameServer()
        self.names.start()
        self._sockets: dict[str, socket.socket] = {}
        self._numbers = dict.fromkeys(self.networks, 1)
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._make_networks(clients)
        self._restarter = threading.Thread(target=self._restart_what_ends, daemon=True)
        self._restarter.start()

    # -- Networks --------------------------------------------------------------------------------
    def _make_networks(self, clients):
        self.numbers = {name: number for number, name in enumerate(self.networks, 1)}
        for number in self.numbers.values():
            gateway = GATEWAY.format(network=number)
            self.namespaces.script(
                f"ip link add br-{number} type bridge",
                f"ip addr add {gateway}/24 dev br-{number}",
                f"ip link set br-{number} up",
            )
        for address in clients:
            self.namespaces.script(f"ip addr add {address}/32 dev lo")

    def _attach(self, container: Container):
        """A network of its own, with a cable to each bridge that the service names."""
        name = container.name
        lines = [
            f"ip netns add {name}",
            f"ip -n {name} link set lo up",
        ]
        # As Docker has it: whoever is in a container may listen at any port there.
        kernel = {"net.ipv4.ip_unprivileged_port_start": 0}
        kernel |= container.service.entry.get("sysctls", {})
        lines += [f"ip netns exec {name} sysctl -qw {key}={kernel[key]}" for key in kernel]
        for each in container.service.networks:
            number = self.numbers[each]
            self._numbers[each] += 1
            address = ADDRESS.format(network=number, number=self._numbers[each])
            container.addresses[each] = address
            cable, end = f"v{number}-{self._numbers[each]}", f"eth-{number}"
            lines += [
                f"ip link add {cable} type veth peer name {end} netns {name}",
                f"ip link set {cable} master br-{number} up",
                f"ip -n {name} addr add {address}/24 dev {end}",
                f"ip -n {name} link set {end} up",
            ]
            if not (self.networks[each] or {}).get("internal"):
                gateway = GATEWAY.format(network=number)
                lines.append(f"ip -n {name} route replace default via {gateway}")
        self.namespaces.script(*lines)
        first = next(iter(container.addresses.values()))
        container.files = {
            "/etc/resolv.conf": f"nameserver {NAME_SERVER}\noptions ndots:0\n",
            "/etc/hosts": f"127.0.0.1 localhost\n{first} {name}\n",
            "/etc/hostname": f"{name}\n",
        }
        with inside(self.namespaces.network(name)):
            asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            asked.bind((NAME_SERVER, 53))
        self._sockets[name] = asked
        self.names.listen(asked, lambda wanted: self.resolve(wanted, container))

    def _detach(self, container: Container):
        if asked := self._sockets.pop(container.name, None):
            self.names.forget(asked)
            self.namespaces.run("ip", "netns", "delete", container.name)

    def resolve(self, name: str, asker: Container | None = None) -> list[str] | None:
        """The addresses behind a service's or a container's name, in the first network that the
        asker shares with it; None of a name that nobody has."""
        networks = asker.service.networks if asker else list(self.numbers)
        for network in networks:
            found = [
                each.addresses[network]
                for each in list(self.containers.values())
                if name in (each.service.name, each.name)
                and network in each.addresses
                and each.runs
            ]
            if found:
                return found
        return None

    def volume(self, name: str) -> Path:
        return self.folder / "volumes" / name

    def address(self, name: str) -> str:
        """One that the tests reach it at."""
        return self.resolve(name)[0]

    @contextlib.contextmanager
    def reached(self):
        """This thread's new connections begin beside the bridges; that is, on the host."""
        with inside(self.namespaces.network()):
            yield

    # -- Up and down -----------------------------------------------------------------------------
    def of(self, service: str) -> list[Container]:
        return [each for each in self.containers.values() if each.service.name == service]

    def up(self, *services: str, within: float = 3 * PATIENCE):
        """Start these, or all, each when what it depends on is as it should be."""
        waiting = [name for name in self.images if not services or name in services]
        deadline = time.monotonic() + within
        asked_at = 0.0
        while True:
            for name in [each for each in waiting if self._may_start(each)]:
                waiting.remove(name)
                self._start(name)
            ask = time.monotonic() - asked_at > ASKED_EVERY
            asked_at = time.monotonic() if ask else asked_at
            if ask:
                self._look_at_health()
            if not waiting and self._all_well(services or tuple(self.images)):
                return self
            if time.monotonic() > deadline:
                raise GaveUp(f"not up within {within:g} s: {self.states()}")
            time.sleep(0.02)

    def _start(self, name: str):
        service = self.services[name]
        for number in range(1, service.replicas + 1):
            self.start_container(f"{name}-{number}", service)

    def start_container(self, name: str, service):
        with self._lock:
            container = self.containers.get(name)
            if container is None:
                image = self.images[service.name]
                container = Container(
                    name, service, image, self.namespaces, self.folder / "containers"
                )
                self._attach(container)
                self.containers[name] = container
            if not container.runs:
                container.start()
        return container

    def _may_start(self, name: str) -> bool:
        needed = self.services[name].depends_on
        return all(self._meets(*each) for each in needed.items())

    def _meets(self, name: str, condition: str) -> bool:
        containers = self.of(name)
        if not containers:
            return False
        if condition == "service_completed_successfully":
            for each in containers:
                assert each.status in (None, 0), f"{each.name} failed:\n{each.text()}"
            return all(each.status == 0 for each in containers)
        if condition == "service_healthy":
            assert all(each.healthcheck for each in containers), f"{name} has no healthcheck"
            return all(each.is_healthy for each in containers)
        return True

    def _look_at_health(self):
        for each in self.containers.values():
            if each.healthcheck and each.runs and not each.is_healthy:
                each.look_at_health()

    def _all_well(self, services) -> bool:
        return all(self._is_well(each) for name in services for each in self.of(name))

    def _is_well(self, container: Container) -> bool:
        if container.service.name in self.one_shots:
            assert container.status in (None, 0), f"{container.name}:\n{container.text()}"
            return container.status == 0
        return container.runs and (container.is_healthy or not container.healthcheck)

    def states(self) -> dict[str, str]:
        return {
            each.name: ("healthy" if each.is_healthy else "runs")
            if each.runs
            else f"ended: {each.status}"
            for each in self.containers.values()
        }

    def stop(self, *services: str) -> dict[str, float]:
        """Stop these, or all, each after what depends on it: name of a container → seconds it took.
        GaveUp names what had to be killed, because it outlasted its `stop_grace_period`."""
        left = [name for name in self.images if not services or name in services]
        took, killed = {}, []
        while left:
            needed = {each for name in left for each in self.services[name].depends_on}
            now = [name for name in left if name not in needed]
            assert now, f"{left} depend on each other"
            with self._lock:
                stopping = [each for name in now for each in self.of(name)]
                for each in stopping:
                    each.ask_to_stop()
            began = time.monotonic()
            for each in stopping:
                while each.runs and time.monotonic() - began < each.service.grace:
                    time.sleep(0.01)
                took[each.name] = time.monotonic() - began
                if each.runs:
                    each.kill()
                    killed.append(each.name)
            left = [name for name in left if name not in now]
        if killed:
            raise GaveUp(f"{killed} did not end within their grace")
        return took

    def down(self) -> dict[str, float]:
        """Stop all and take the containers away; volumes stay."""
        took = self.stop()
        with self._lock:
            for each in self.containers.values():
                self._detach(each)
                if not each.service.is_ours:
                    shutil.rmtree(each.folder, ignore_errors=True)
            self.containers = {}
        return took

    def close(self):
        """End everything at once."""
        self._closing.set()
        self._restarter.join()
        self.names.end()
        self.namespaces.end()
        for each in self.containers.values():
            if each._process:
                each._process.wait()

    def _restart_what_ends(self):
        """As Docker does with what `restart` names."""
        while not self._closing.wait(0.1):
            with self._lock:
                for each in list(self.containers.values()):
                    if each.is_wanted and not each.runs and each.service.restarts in RESTARTS:
                        each.start()

    # -- What was said ---------------------------------------------------------------------------
    def logs(self, service: str) -> str:
        return "".join(each.text() for each in self.of(service))
