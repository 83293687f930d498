"""What breaks of a Redis Cluster, and how it is mended. Each ends when every primary has a replica
again."""

import os
import signal
from contextlib import contextmanager, suppress

from tests.ledger.faults import Faults
from tests.redis_cluster import Node, RedisCluster
from tests.services import wait_until

PROMOTION_S = 20


class ClusterFaults(Faults):
    @property
    def cluster(self) -> RedisCluster:
        return self.system.cluster

    def a_primary(self) -> tuple[Node, Node]:
        """One that takes hits, and its replica."""
        primaries = sorted(self.cluster.primaries(), key=lambda node: node.name)
        primary = self.system.dice.choice(primaries)
        return primary, self.cluster.replica_of(primary)

    def primary_killed(self, seconds):
        """It comes back so long after its replica was promoted."""
        primary, replica = self.a_primary()
        primary.kill()
        return self._replaced(primary, replica, seconds)

    def primary_frozen(self, seconds):
        """For so long after its replica was promoted; awake, it takes itself for a primary."""
        primary, replica = self.a_primary()
        with self._frozen(primary):
            self._await_promoted(replica)
            self.wait(seconds)
        self.cluster.await_replicas()
        return f"{replica.name} took its place"

    def primary_killed_ahead(self, seconds):
        """Its replica has heard nothing of it for so long."""
        primary, replica = self.a_primary()
        with self._cut_off(primary, replica, seconds):
            primary.kill()
        return self._replaced(primary, replica, 0)

    def primary_and_workers_killed_ahead(self, seconds):
        """The same, and with it go the web processes that remember what they gave it."""
        primary, replica = self.a_primary()
        with self._cut_off(primary, replica, seconds):
            workers = self.system.workers()
            primary.kill()
            for pid in workers:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return self._replaced(primary, replica, 0)

    @contextmanager
    def _cut_off(self, primary: Node, replica: Node, seconds):
        """Frozen alone it would find all that was sent in its socket: the connection goes too."""
        with self._frozen(replica):
            primary.ask("CLIENT", "KILL", "TYPE", "replica")
            self.wait(seconds)
            yield

    def _replaced(self, primary: Node, replica: Node, seconds) -> str:
        self._await_promoted(replica)
        self.wait(seconds)
        primary.start()
        self.cluster.await_replicas()
        return f"{replica.name} took the place of {primary.name}"

    def _await_promoted(self, replica: Node):
        wait_until(replica.is_primary, within=PROMOTION_S, what="the replica is promoted")
