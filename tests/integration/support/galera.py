"""Three Galera nodes on loopback: MariaDB servers with Debian's galera-4, each on ports of its own, state by rsync."""

import os
import pathlib
import shutil

from . import process
from .mariadb import MariaDB

PROVIDER = pathlib.Path("/usr/lib/galera/libgalera_smm.so")


def _options(name, group, sst, ist, members, bootstrap, host="127.0.0.1"):
    provider = ";".join([
        f"gmcast.listen_addr=tcp://{host}:{group}", f"ist.recv_addr={host}:{ist}", f"base_host={host}", f"base_port={group}",
        "evs.suspect_timeout=PT2S", "evs.inactive_timeout=PT4S", "evs.inactive_check_period=PT0.5S",
        "evs.keepalive_period=PT0.5S", "gcache.size=32M", "pc.recovery=false"])
    address = "gcomm://" + ("" if bootstrap else ",".join(members))
    return ["--wsrep-on=ON", f"--wsrep-provider={PROVIDER}", "--wsrep-cluster-name=hoot-test",
            f"--wsrep-cluster-address={address}", f"--wsrep-node-name={name}", f"--wsrep-node-address={host}",
            "--wsrep-sst-method=rsync", f"--wsrep-sst-receive-address={host}:{sst}", "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2", f"--wsrep-provider-options={provider}"]


class Node(MariaDB):
    """One node. `bootstrap` begins a cluster; the others join it."""

    run_as = "nobody" if os.getuid() == 0 else None     # root's rsync server would give up its rights to the data

    def __init__(self, name, ports, members, bootstrap):
        self.name, self._ports, self._members = name, ports, members
        self._bootstrap = bootstrap
        super().__init__()

    def _make_user(self):
        if self._bootstrap:     # the others have it from this one
            super()._make_user()

    def start(self):
        self._options = _options(self.name, *self._ports, self._members, self._bootstrap)
        super().start()
        process.wait_until(self.synced, 60, f"a node that is in the cluster; see {self.log}")

    def status(self, name):
        rows = self.run_sql(f"SHOW GLOBAL STATUS LIKE 'wsrep_{name}'")
        return rows[0][1] if rows else ""

    def synced(self):
        return self.status("local_state_comment") == "Synced" and self.status("ready") == "ON"

    def rejoin(self):
        """Start it again as a member of the cluster that goes on."""
        self._bootstrap = False
        self.start()


class Cluster:
    """Three nodes, with the tests' user and a database `app` in all."""

    def __init__(self):
        assert PROVIDER.exists() and shutil.which("rsync"), "galera-4 and rsync are not installed: ./dev need faults"
        ports = [tuple(process.free_port() for _ in range(3)) for _ in range(3)]
        members = [f"127.0.0.1:{group}" for group, _, _ in ports]
        self.nodes = []
        try:
            for number in range(3):
                self.nodes.append(Node(f"node{number + 1}", ports[number], members, number == 0))
            process.wait_until(lambda: self.nodes[0].status("cluster_size") == "3", 30, "three nodes in the cluster")
            self.nodes[0].run_sql("CREATE DATABASE app CHARACTER SET utf8mb4")
        except BaseException:
            self.close()
            raise

    @property
    def hosts(self):
        return ",".join(f"{node.host}:{node.port}" for node in self.nodes)

    def close(self):
        for node in self.nodes:
            node.kill9()
            shutil.rmtree(node.directory, ignore_errors=True)
