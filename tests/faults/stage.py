"""What a row of the matrix plays on: a store behind a proxy, processes of ours, a case system."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from redis import Redis
from redis.exceptions import RedisError

from bot import valkey
from bot.bells import UNANSWERED_SECONDS, bell_key
from bot.sealed import Seal
from bot.secrets import Secrets
from bot.vault.keys import KeyFolder, epochs_from
from tests.fakes.cases import GeoReportServer, Manners
from tests.fakes.cases.georeport import KEY
from tests.faults.proxy import Proxy
from tests.faults.role import Role
from tests.whole.programme import free_port, leave_half_a_change

START_SECONDS = 30.0
_WAITED_FOR = "cases:pause", "cases:probe"
HOOK_SECRET = "whsec_" + "QUJD" * 8


class Stage:
    """A city in a folder, every part of it in a process of its own."""

    def __init__(self, folder: Path, cases: GeoReportServer) -> None:
        self.folder = folder
        self.cases = cases
        self.store_port = free_port()
        self.proxy = Proxy(lambda: self.store_port)
        self.roles: dict[str, Role] = {}
        self.ports: dict[str, int] = {}
        self.extra: dict[str, str] = {}
        # How often the store was killed in the midst of a write.
        self.torn = 0
        self._store: subprocess.Popen[bytes] | None = None

    @property
    def store_url(self) -> str:
        """The store itself, past the proxy."""
        return f"redis://127.0.0.1:{self.store_port}/0"

    @property
    def store(self) -> Redis:
        """A connection past the proxy."""
        return Redis.from_url(self.store_url)

    def start_store(
        self, *options: str, before: Callable[[], None] | None = None, wait: bool = True
    ) -> None:
        """Start the store as the programme does, on a port; once more where it was killed in the
        midst of a write, which `torn` counts.
        """
        try:
            self._start_store(options, before, wait=wait)
        except valkey.ValkeyNotStarted as error:
            if valkey.CUT_SHORT not in str(error):
                raise
            self.torn += 1
            self._start_store(options, before, wait=wait, accept_loss=True)

    def _start_store(
        self,
        options: Sequence[str],
        before: Callable[[], None] | None,
        *,
        wait: bool,
        accept_loss: bool = False,
    ) -> None:
        data = self.folder / "data"
        logged = valkey.logged(data)
        words = valkey.command(data, accept_loss=accept_loss)
        words += ["--port", str(self.store_port), "--bind", "127.0.0.1", *options]
        self._store = subprocess.Popen(words, preexec_fn=before)  # noqa: PLW1509 - one thread
        if wait:
            valkey.wait_until_ready(self._store, data, logged)

    def kill_store(self, *, writing: bool = False) -> None:
        """SIGKILL; while it is `writing`, which leaves half of a change."""
        if self._store:
            self._store.kill()
            self._store.wait()
            if writing:
                leave_half_a_change(self.folder / "data")

    @property
    def store_runs(self) -> bool:
        """Whether the store's process is there."""
        return self._store is not None and self._store.poll() is None

    def role(self, name: str, *words: str, **settings: str) -> Role:
        """A process of ours by a name of its own; not started yet."""
        environment = {
            name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")
        } | {
            "DATA_DIR": str(self.folder / "data"),
            "REDIS_URL": f"redis://127.0.0.1:{self.proxy.port}/0",
            "CASE_SYSTEM": "open311",
            "OPEN311_URL": self.cases.url,
            "OPEN311_API_KEY": KEY,
            "CASE_HOOK_SECRET": HOOK_SECRET,
            "PYTHONUNBUFFERED": "1",
            "PROXIES": "1",
            **self.extra,
            **settings,
        }
        role = Role(list(words), environment, self.folder / f"{name}.txt")
        self.roles[name] = role
        return role

    def bot(self, name: str = "bot", **settings: str) -> Role:
        """A bot on a port of its own."""
        self.ports.setdefault(name, free_port())
        return self.role(name, "bot", "bot", PORT=str(self.ports[name]), **settings)

    def worker(self, kind: str, name: str = "", **settings: str) -> Role:
        """A worker of that kind."""
        return self.role(name or kind, "workers", kind, **settings)

    def url(self, name: str = "bot") -> str:
        """Where a bot listens."""
        return f"http://127.0.0.1:{self.ports[name]}"

    async def until_ready(self, name: str = "bot") -> None:
        """Wait until a bot answers."""
        async with aiohttp.ClientSession() as session:
            await until(lambda: _answers(session, f"{self.url(name)}/healthz"), START_SECONDS)

    async def until_ready_again(self, name: str = "bot") -> None:
        """Start a bot again after a kill, and wait."""
        self.roles[name].start()
        await self.until_ready(name)

    async def keep(self) -> None:
        """Start again what ends by itself, as whoever runs it does; until cancelled."""
        while True:
            for role in self.roles.values():
                if role.process is not None and not role.runs and not role.held:
                    role.start()
            await asyncio.sleep(0.3)

    def time_passes(self, *kinds: str) -> None:
        """As after a minute: what somebody who died or sleeps had in hand is due again, no case
        system is at work any more on what it did not answer, and nobody waits to ask it.
        """
        store = self.store
        for kind in kinds:
            leases: dict[bytes, bytes] = store.hgetall(f"outbox:{kind}:leases")  # type: ignore[assignment]
            held = {name: 0 for name, lease in leases.items() if not lease.startswith(b"0:")}
            if held:
                store.zadd(f"outbox:{kind}", held, xx=True)
        store.delete(*map(bell_key, kinds), *store.scan_iter("sent:*"), *_WAITED_FOR)

    async def until_done(self, *kinds: str, seconds: float = 90) -> None:
        """Wait until no work of these kinds stands there."""
        store = self.store
        await until(lambda: not any(store.zcard(f"outbox:{kind}") for kind in kinds), seconds)

    async def settled(self, seconds: float = 90) -> None:
        """Wait until no report waits to be sent."""
        store = self.store

        async def empty() -> bool:
            try:
                return int(store.zcard("outbox:push")) == 0
            except RedisError:
                return False

        try:
            await until(empty, seconds)
        except TimeoutError:
            raise AssertionError(self.state()) from None

    def state(self) -> str:
        """What still waits, and what every process said last."""
        said = {
            name: (role.runs, role.output.read_text(errors="replace")[-2000:])
            for name, role in self.roles.items()
        }
        waits = self.store.zrange("outbox:push", 0, -1, withscores=True)
        leases = self.store.hgetall("outbox:push:leases")
        return f"waits: {waits}, leases: {leases}, time: {self.store.time()}, {said}"

    def progress(self, reference: str) -> bytes:
        """How a report stands, as the bot and the notices worker read it."""
        found = self.store.get(f"progress:{reference}")
        assert isinstance(found, bytes)
        return opened_progress(self.folder / "data", reference, found)

    def left(self) -> str:
        """What stands in the store and should not: parked work, reports without any."""
        parked = [self.store.hgetall(key) for key in self.store.keys("outbox:*:parked")]
        return f"parked: {parked}, reports: {self.store.keys('report:*')}"

    def stop(self) -> None:
        """End everything that was started."""
        for role in self.roles.values():
            role.signal(signal.SIGCONT)
            role.kill()
        self.kill_store()


async def until(holds: Callable[[], object], seconds: float) -> None:
    """Wait for a condition, plain or awaitable. TimeoutError if it never comes true."""
    async with asyncio.timeout(seconds):
        while True:
            found = holds()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


@asynccontextmanager
async def stage(
    folder: Path, manners: Manners | None = None, *, store: bool = True
) -> AsyncIterator[Stage]:
    """A stage with its store and case system running; the roles are the row's own."""
    folder.mkdir(parents=True, exist_ok=True)
    # Most cities' servers can be paged through; rows with more cases than a page need it.
    async with GeoReportServer(manners or Manners(pages=True)) as cases:
        here = Stage(folder, cases)
        # Most rows do without the custodians, who would make them.
        for epoch in epochs_from(datetime.now(UTC)):
            KeyFolder(folder / "data" / "keys").create(epoch)
        async with here.proxy:
            # Nobody may knock any more when the servers close: a connection that is accepted in
            # that moment is never let go of.
            keeping = asyncio.create_task(here.keep())
            try:
                if store:
                    here.start_store()
                yield here
            finally:
                keeping.cancel()
                here.stop()


# A worker that dies with the bell in its hand is rung for again after this.
BELL_SECONDS = UNANSWERED_SECONDS


def opened_progress(data: Path, reference: str, written: bytes) -> bytes:
    """The JSON in a progress as it stands in the store, with the key of that data folder."""
    secret = (data / "keys" / "progress").read_bytes()
    purpose = b"progress|" + reference.encode() + b"|" + written[:12]
    opened = Seal(Secrets(secret).key("progress")).open(written[12:], purpose)
    assert opened is not None
    return opened


def clock() -> float:
    """Seconds, for delays."""
    return time.monotonic()
