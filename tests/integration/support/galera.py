"""Three Galera nodes on loopback: MariaDB servers with Debian's galera-4, each on ports of its own, state by rsync."""

import os
import pathlib
import shutil
import subprocess

from . import process
from .mariadb import MariaDB

PROVIDER = pathlib.Path("/usr/lib/galera/libgalera_smm.so")


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


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


class Namespace:
    """A network namespace with one address, reached from here over a bridge. Needs root."""

    def __init__(self, bridge, number):
        self.name, self.address = f"{bridge}-{number}", f"10.213.77.{10 + number}"
        self.command = ["ip", "netns", "exec", self.name]
        outer = f"{bridge}v{number}"
        ip("netns", "add", self.name)
        ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("link", "set", outer, "master", bridge, "up")
        for what in ("lo", "eth0"):
            self.inside("link", "set", what, "up")
        self.inside("addr", "add", f"{self.address}/24", "dev", "eth0")

    def inside(self, *arguments):
        ip("-n", self.name, *arguments)

    def part_from(self, others):
        """It cannot send to them any more; everybody else still reaches it."""
        for other in others:
            self.inside("route", "add", "blackhole", f"{other.address}/32")

    def heal(self, others):
        for other in others:
            self.inside("route", "del", "blackhole", f"{other.address}/32")


class Network:
    """A bridge and three namespaces on it."""

    def __init__(self):
        self.bridge = f"hoot{os.getpid() % 100000}"
        self.namespaces = []
        try:
            ip("link", "add", self.bridge, "type", "bridge")
            ip("addr", "add", "10.213.77.1/24", "dev", self.bridge)
            ip("link", "set", self.bridge, "up")
            for number in range(1, 4):
                self.namespaces.append(Namespace(self.bridge, number))
        except BaseException:
            self.close()
            raise

    def close(self):
        for number in range(1, 4):
            subprocess.run(["ip", "netns", "del", f"{self.bridge}-{number}"], capture_output=True)
        subprocess.run(["ip", "link", "del", self.bridge], capture_output=True)


class Node(MariaDB):
    """One node. `bootstrap` begins a cluster; the others join it."""

    run_as = "nobody" if os.getuid() == 0 else None     # root's rsync server would give up its rights to the data

    def __init__(self, name, ports, members, bootstrap, namespace=None):
        if namespace:
            self.host = namespace.address
            self.prefix = [*namespace.command, "setpriv", f"--reuid={self.run_as}", "--regid=nogroup", "--clear-groups",
                           "--pdeathsig=KILL"]
        self.name, self._ports, self._members = name, ports, members
        self._bootstrap = bootstrap
        try:
            super().__init__()
        except BaseException:
            self.close()
            raise

    def _make_user(self):
        if self._bootstrap:     # the others have it from this one
            super()._make_user()

    def start(self):
        self._options = _options(self.name, *self._ports, self._members, self._bootstrap, self.host)
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

    def __init__(self, namespaces=(None, None, None)):
        assert PROVIDER.exists() and shutil.which("rsync"), "galera-4 and rsync are not installed: ./dev need faults"
        ports = [tuple(process.free_port() for _ in range(3)) for _ in range(3)]
        hosts = [namespace.address if namespace else Node.host for namespace in namespaces]
        self.members = [f"{host}:{group}" for host, (group, _, _) in zip(hosts, ports)]
        self.nodes = []
        try:
            for number in range(3):
                self.nodes.append(Node(f"node{number + 1}", ports[number], self.members, number == 0, namespaces[number]))
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
