"""Receipts a second: whole conversations up to the receipt, which waits until the disk has it.

Over the web chat's socket: by Telegram, the twenty calls a second that it takes from a bot would
be all that there is to see. Beside it what no receipt can do without, a write of the same size
that waits for the disk, and our own commit without a conversation. Afterwards receipts, reports
and drafts in the store are counted: a receipt without its report does not count as fast.

With ``everysec`` the table tells what the disk costs and is no promise: Valkey 9.1 answers WAITAOF
at once then, as Redis 7.4 did (redis/redis#13793).
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from statistics import quantiles
from subprocess import Popen

import orjson
import uvloop

from bench import servers
from bench.conversation import HANDED_IN, talk
from bench.cores import LOAD, MEASURED, cpu_seconds, pin, serving
from bench.drafts import seed, wrong
from bench.ports import free_port
from bench.report import Report
from bench.rounds import Round
from bench.socket_load import say_all
from bench.sockets import SOCKETS, frame, greeting
from bench.stores import BenchStore, open_store
from bot.core.dialogue import Draft
from bot.vault.keys import KeyFolder, epochs_from

FLOOR, COMMIT = "a value of the same size, then WAITAOF", "our commit alone"
OURS = f"ours, conversations of {len(HANDED_IN)} turns"
RATE, CPU, SLOW = "receipts/s", "µs CPU a receipt", "ms p99 of the turn with it, 32 at once"
_COMMITTERS = {FLOOR: "bare", COMMIT: "commit"}
# How many receipts each of 32 people gets in a round, who may say 120 things a minute.
_EACH = 14
_ALONE = 2000
_OF_A_RECEIPT = ("receipt", "report", "progress", "vault")


class Chat:
    """Our own bot process with keys to seal under, and the people who talk to it."""

    def __init__(self, stack: ExitStack, store: BenchStore) -> None:
        keys = KeyFolder(store.folder / "keys")
        for epoch in epochs_from(datetime.now(UTC)):
            keys.create(epoch)
        self._store = store
        self._port = free_port()
        # As behind a proxy that tells no network: so many people of one network are too many a day.
        env = servers.settings(store, self._port) | {"PROXIES": "1"}
        self._process: Popen[bytes] = stack.enter_context(serving("ours", self._port, env))

    def round(self) -> Round:
        """Conversations of 32 people at once, who are others in every round."""
        self._store.client.flushall()
        people = [secrets.token_urlsafe(32) for _ in range(SOCKETS)]
        asyncio.run(seed(self._store, "webchat", people))
        talks = [talk(Draft("zh"), _EACH * len(HANDED_IN), HANDED_IN) for _ in people]
        frames = [[frame(number, said) for number, said in enumerate(mine)] for mine in talks]
        before = cpu_seconds(self._process.pid)
        seconds, times, _ = uvloop.run(say_all(self._port, list(map(greeting, people)), frames))
        used = cpu_seconds(self._process.pid) - before
        wanted = {one: mine[-1].after for one, mine in zip(people, talks, strict=True)}
        self._check(wanted, _EACH * len(people))
        last = times[len(HANDED_IN) - 1 :: len(HANDED_IN)]
        return Round(len(last), seconds, used, last)

    def _check(self, wanted: dict[str, Draft], count: int) -> None:
        client = self._store.client
        found = [sum(1 for _ in client.scan_iter(f"{kind}:*", 1000)) for kind in _OF_A_RECEIPT]
        if {*found, client.zcard("outbox:push")} != {count}:
            raise RuntimeError(f"{found} {_OF_A_RECEIPT} in the store instead of {count} each")
        if different := asyncio.run(wrong(self._store, "webchat", wanted)):
            raise RuntimeError(f"{different} drafts in the store are not what they should be")


def receipts(policy: str, rounds: int) -> Report:
    """All of them in turn, the first round of each left out."""
    title = f"Receipts, from the first word to the last, one core, appendfsync {policy}"
    report = Report(title, FLOOR)
    found: dict[str, list[Round]] = {name: [] for name in (*_COMMITTERS, OURS)}
    with ExitStack() as stack:
        store = stack.enter_context(open_store())
        store.sync(policy)
        chat = Chat(stack, store)
        for _ in range(rounds + 1):
            for name, kind in _COMMITTERS.items():
                found[name].append(_alone(store, kind))
            found[OURS].append(chat.round())
    for name, all_rounds in found.items():
        _add(report, name, all_rounds[1:])
    return report


def _add(report: Report, name: str, rounds: Sequence[Round]) -> None:
    report.add(name, RATE, [one.turns / one.seconds for one in rounds])
    report.add(name, CPU, [one.cpu / one.turns * 1e6 for one in rounds])
    report.add(name, SLOW, [quantiles(one.times, n=100)[98] * 1e3 for one in rounds])


def _alone(store: BenchStore, kind: str) -> Round:
    store.client.flushall()
    done = subprocess.run(
        [sys.executable, "-m", "bench.committers", kind, str(_ALONE)],
        env={**os.environ, "REDIS_URL": store.url, "DATA_DIR": str(store.folder)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
        preexec_fn=lambda: os.sched_setaffinity(0, {MEASURED}),
    )
    return Round(**orjson.loads(done.stdout))


def measure(quick: bool = False) -> list[Report]:
    """Every table of this benchmark."""
    pin(LOAD)
    rounds = 1 if quick else 3
    return [receipts("always", rounds), receipts("everysec", rounds)]


if __name__ == "__main__":
    for table in measure("--quick" in sys.argv):
        print(table.markdown())
