"""A Redis Cluster on loopback: three primaries with a replica each, as real processes."""

from pathlib import Path

import redis
from redis.cluster import ClusterNode

from pixeltrack.embedded_redis import find_redis_server, version_of
from tests.services import Service, bare_environment, free_port, wait_until

PRIMARIES = 3
SLOTS = 16384
NODE_TIMEOUT_MS = 1500


def is_possible() -> bool:
    """Only since version 7 may the ports of a cluster be chosen."""
    return version_of(find_redis_server()) >= (7,)


class Node(Service):
    """One Redis of it, with the safety that the stream asks for."""

    def __init__(self, folder: Path, number: int):
        self.port, self.bus_port = free_port(), free_port()
        data = folder / f"node-{number}"
        data.mkdir(parents=True)
        options = f"--port {self.port} --cluster-port {self.bus_port} --bind 127.0.0.1 "
        options += f"--dir {data} --appendonly yes --maxmemory-policy noeviction "
        options += f"--cluster-enabled yes --cluster-node-timeout {NODE_TIMEOUT_MS} "
        # The shards of the others are taken while those of a dead primary are nobody's.
        options += "--cluster-require-full-coverage no --repl-diskless-sync-delay 0 --save"
        command = [find_redis_server(), *options.split(), ""]
        super().__init__(f"node-{number}", command, folder, bare_environment())
        self.client = redis.Redis(port=self.port, socket_timeout=3)

    def start(self):
        """Also again, after it was killed."""
        super().start()
        return self.wait_for(self.answers)

    def answers(self) -> bool:
        try:
            return self.client.ping()
        except redis.RedisError:
            return False

    def ask(self, *command):
        return self.client.execute_command(*command)

    def replication(self) -> dict:
        """Empty where it does not answer."""
        try:
            return self.client.info("replication")
        except redis.RedisError:
            return {}

    def is_primary(self) -> bool:
        return self.replication().get("role") == "master"

    def follows(self) -> bool:
        """It is a replica that is up to date."""
        about = self.replication()
        return about.get("role") == "slave" and about.get("master_link_status") == "up"


class RedisCluster:
    def __init__(self, folder: Path):
        self.nodes = [Node(folder, number) for number in range(2 * PRIMARIES)]
        self._reader: redis.RedisCluster | None = None

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> "RedisCluster":
        for node in self.nodes:
            node.start()
        primaries, replicas = self.nodes[:PRIMARIES], self.nodes[PRIMARIES:]
        edges = [SLOTS * number // PRIMARIES for number in range(PRIMARIES + 1)]
        for number, node in enumerate(primaries):
            node.ask("CLUSTER SET-CONFIG-EPOCH", number + 1)
            node.ask("CLUSTER ADDSLOTSRANGE", edges[number], edges[number + 1] - 1)
        first = self.nodes[0]
        for node in self.nodes[1:]:
            node.ask("CLUSTER MEET", "127.0.0.1", first.port, first.bus_port)
        wait_until(self.all_met, what="all nodes know each other")
        for primary, replica in zip(primaries, replicas, strict=True):
            replica.ask("CLUSTER REPLICATE", primary.ask("CLUSTER MYID").decode())
        self.await_replicas()
        wait_until(lambda: all(map(is_well, self.nodes)), what="the cluster is well")
        return self

    def all_met(self) -> bool:
        known = [node.ask("CLUSTER INFO")["cluster_known_nodes"] for node in self.nodes]
        return known == [str(len(self.nodes))] * len(self.nodes)

    def primaries(self) -> list[Node]:
        return [node for node in self.nodes if node.process.poll() is None and node.is_primary()]

    def replica_of(self, primary: Node) -> Node:
        return next(
            node
            for node in self.nodes
            if node.replication().get("master_port") == primary.port and node.follows()
        )

    def await_replicas(self, within=30):
        """Half of the nodes follow: what was promoted has a replica again."""
        wait_until(
            lambda: sum(node.follows() for node in self.nodes) == PRIMARIES,
            within=within,
            what="each primary has a replica",
        )

    def reader(self) -> redis.RedisCluster:
        """A client of redis-py's own, which shares nothing with what is tested."""
        if self._reader is None:
            places = [ClusterNode("127.0.0.1", node.port) for node in self.nodes]
            self._reader = redis.RedisCluster(startup_nodes=places)
        return self._reader

    def stop(self):
        if self._reader:
            self._reader.close()
        for node in self.nodes:
            node.client.close()
            if node.process:
                node.kill()  # told to end, each would wait for the others


def is_well(node: Node) -> bool:
    return node.ask("CLUSTER INFO")["cluster_state"] == "ok"
