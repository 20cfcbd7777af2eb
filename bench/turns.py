"""A turn through the Telegram webhook and through the web chat's socket, beside their peers.

The server has one core to itself; load generator, Valkey and a Bot API that says yes to everything
share the other. Rounds of all peers alternate, so that what the machine does besides hits all
alike. Afterwards the drafts in the store are compared with those that the events lead to: a turn
that was not committed does not count as fast.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import quantiles
from typing import Protocol

from bench.cores import LOAD, pin
from bench.hooks import Hooks
from bench.report import Report
from bench.rounds import Round
from bench.sockets import Sockets
from bench.stores import BenchStore, open_store
from bench.targets import Target

FLOOR, OURS, AIOGRAM = "bare aiohttp", "ours", "aiogram + Redis storage + isolation"
RATE, CPU, SLOW = "turns/s", "µs CPU a turn", "ms p99, 32 at once"


class Peers(Protocol):
    """Those who are compared with one another."""

    names: tuple[str, ...]

    def round(self, name: str, turns: int) -> Round:
        """`turns` events of everybody, to one of them."""
        ...

    def wrong(self) -> int:
        """How many drafts in the store are not what they should be."""
        ...


def compare(title: str, peers: Peers, rounds: int, turns: int) -> Report:
    """Alternating rounds, the first of each left out: it fills caches."""
    report = Report(title, FLOOR)
    found: dict[str, list[Round]] = {name: [] for name in peers.names}
    for _ in range(rounds + 1):
        for name in peers.names:
            found[name].append(peers.round(name, turns))
    if wrong := peers.wrong():
        raise RuntimeError(f"{wrong} drafts in the store are not what they should be")
    for name, all_rounds in found.items():
        _add(report, name, all_rounds[1:])
    return report


def _add(report: Report, name: str, rounds: Sequence[Round]) -> None:
    report.add(name, RATE, [one.turns / one.seconds for one in rounds])
    report.add(name, CPU, [one.cpu / one.turns * 1e6 for one in rounds])
    report.add(name, SLOW, [quantiles(one.times, n=100)[98] * 1e3 for one in rounds])


def webhook(store: BenchStore, policy: str, rounds: int, turns: int) -> Report:
    """Ours, aiogram and the floor on the same updates."""
    store.client.flushall()
    store.sync(policy)
    with ExitStack() as stack:
        peers = Hooks(stack, store, {FLOOR: "floor", AIOGRAM: "aiogram", OURS: "ours"})
        title = f"A turn through the Telegram webhook, one core, appendfsync {policy}"
        return compare(title, peers, rounds, turns)


def socket(store: BenchStore, rounds: int, turns: int) -> Report:
    """Ours and a bare echo on the same frames."""
    store.client.flushall()
    store.sync("always")
    with ExitStack() as stack:
        peers = Sockets(stack, store, {FLOOR: "echo", OURS: "ours"})
        title = "A turn through the web chat's socket, one core, appendfsync always"
        return compare(title, peers, rounds, turns)


def measure(quick: bool = False) -> list[Report]:
    """Every table of this benchmark."""
    pin(LOAD)
    rounds, turns = (1, 12) if quick else (5, 18)
    with open_store() as store:
        return [
            webhook(store, "always", rounds, turns),
            webhook(store, "everysec", 1 if quick else 3, 12),
            socket(store, rounds, 6 * turns),
        ]


def targets(tables: Sequence[Report]) -> list[Target]:
    """What is promised of a turn."""
    hook, _, chat = tables
    slower = hook.ratio(OURS, SLOW, AIOGRAM)
    return [
        Target("webhook: turns a second, × aiogram", hook.ratio(OURS, RATE, AIOGRAM), least=2.5),
        Target("webhook: CPU of a turn, × bare aiohttp", hook.ratio(OURS, CPU), most=6),
        Target("webhook: p99 at 32 at once, × aiogram", slower, most=1),
        Target("web chat: CPU of a turn, × bare socket echo", chat.ratio(OURS, CPU), most=6),
    ]


if __name__ == "__main__":
    for table in measure("--quick" in sys.argv):
        print(table.markdown())
