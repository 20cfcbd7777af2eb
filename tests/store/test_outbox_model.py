"""The outbox beside a model of it: whatever workers do, and in whatever order, they agree."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.store.connection import Store
from bot.store.outbox import DEATHS_MOST, SUSPECT_DEATHS, Entry, Outbox

LONG = 3600.0


@dataclass
class Piece:
    """What is known of a piece of work: `fence` of whoever has it, 0 for nobody."""

    body: bytes
    attempts: int = 0
    deaths: int = 0
    fence: int = 0
    due: bool = True
    parked: bool = False

    @property
    def deaths_if_claimed(self) -> int:
        """With that of whoever has it and whose lease ran out."""
        return self.deaths + (self.fence > 0)


class Workers(RuleBasedStateMachine):
    """Several workers, some of which die or sleep: an old lease may be ended at any time."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = self.runner.run(self._opened())
        self.outbox = Outbox(self.store, "push")
        self.pieces: dict[str, Piece] = {}
        self.leases: list[Entry] = []
        self.newest = 0
        self.number = 0

    async def _opened(self) -> Store:
        store = Store.at(self.url)
        await store.client.flushall()
        return store

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()

    def _do(self, work: Any) -> Any:
        return self.runner.run(work)

    @rule(body=st.binary(max_size=20), again=st.booleans())
    def add(self, body: bytes, again: bool) -> None:
        self.number += 1
        name = f"e{self.number}"
        self.pieces[name] = Piece(body)
        for _ in range(1 + again):
            for command in self.outbox.add(name, body):
                self._do(self._write(command))

    async def _write(self, command: Any) -> None:
        await self.store.write(*command)

    @rule(
        most=st.integers(1, 5), lease=st.sampled_from([0.0, 0.0, 0.0, LONG]), others=st.booleans()
    )
    def claim(self, most: int, lease: float, others: bool) -> None:
        before = {name: one for name, one in self.pieces.items() if one.due}
        entries, suspect = self._do(self.outbox.claim_beside(most, lease, others=others))
        for name, one in before.items():
            if one.deaths_if_claimed >= DEATHS_MOST and self._do(self._is_parked(name)):
                one.parked, one.due, one.fence, one.deaths = True, False, 0, 0
        assert len(entries) <= most
        for entry in entries:
            self._claimed(entry, lease)
        if any(entry.deaths >= SUSPECT_DEATHS for entry in entries):
            assert len(entries) == 1
            assert suspect
            assert not others
        if not suspect and len(before) <= most:
            left = {name for name, one in before.items() if one.due and not one.parked}
            assert left <= {entry.id for entry in entries}, "what is due was not given out"

    async def _is_parked(self, name: str) -> bool:
        return bool(await self.store.read("HEXISTS", "outbox:push:parked", name))

    def _claimed(self, entry: Entry, lease: float) -> None:
        one = self.pieces[entry.id]
        assert one.due
        assert not one.parked
        assert entry.fence > self.newest
        assert entry.body == one.body
        assert entry.attempts == one.attempts + 1
        assert entry.deaths == one.deaths_if_claimed
        self.newest = one.fence = entry.fence
        one.attempts, one.deaths, one.due = entry.attempts, entry.deaths, lease == 0
        self.leases.append(entry)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), outcome=st.sampled_from(["done", "retry", "wait", "park", "later"]))
    def settle(self, data: st.DataObject, outcome: str) -> None:
        entry = data.draw(st.sampled_from(self.leases))
        one = self.pieces.get(entry.id)
        counts = one is not None and one.fence == entry.fence
        acts = {
            "done": lambda: self.outbox.done(entry, [("INCR", "effects")]),
            "retry": lambda: self.outbox.retry(entry, 0),
            "later": lambda: self.outbox.retry(entry, LONG),
            "wait": lambda: self.outbox.wait(entry, 0),
            "park": lambda: self.outbox.park(entry, "a reason"),
        }
        assert self._do(acts[outcome]()) == counts, "an outcome under an old fence"
        if one is None or not counts:
            return
        one.fence = 0
        one.deaths = one.deaths if outcome == "wait" else 0
        one.due = outcome in ("retry", "wait")
        one.parked = outcome == "park"
        one.attempts -= outcome == "wait"
        if outcome == "done":
            del self.pieces[entry.id]

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), lease=st.sampled_from([0.0, LONG]))
    def renew(self, data: st.DataObject, lease: float) -> None:
        entry = data.draw(st.sampled_from(self.leases))
        held = self._do(self.outbox.renew([entry], lease))
        one = self.pieces.get(entry.id)
        if one is not None and one.fence == entry.fence:
            assert held == {entry.id}
            one.due = lease == 0
        else:
            assert held == set()

    @rule(data=st.data())
    def put_back(self, data: st.DataObject) -> None:
        names = sorted(self.pieces) or ["nobody"]
        name = data.draw(st.sampled_from(names))
        one = self.pieces.get(name)
        parked = one is not None and one.parked
        assert self._do(self.outbox.put_back(name)) == parked
        if one is not None and parked:
            one.parked, one.due = False, True

    @invariant()
    def every_piece_is_in_one_place(self) -> None:
        standing = {name for name, one in self.pieces.items() if not one.parked}
        parked = {name for name, one in self.pieces.items() if one.parked}
        assert self._do(self._names("ZRANGE", "outbox:push", 0, -1)) == standing
        assert set(self._do(self.outbox.parked())) == parked
        bodies = {name for name, one in self.pieces.items() if one.body}
        assert self._do(self._names("HKEYS", "outbox:push:bodies")) == bodies

    async def _names(self, *command: Any) -> set[str]:
        return {name.decode() for name in await self.store.read(*command)}


def test_workers_and_the_model_agree(valkey_url: str) -> None:
    machine = type("Here", (Workers,), {"url": valkey_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
