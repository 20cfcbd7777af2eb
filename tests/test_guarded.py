"""A turn that ends the process each time is run alone, and then not any more; all others flow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot import guarded
from bot.channels.contract import Shown
from bot.core.dialogue import Incoming, Text
from bot.core.errors import GivenUp, StoreUnavailable
from bot.guarded import Guarded
from bot.in_hand import InHand
from bot.store.outbox import DEATHS_MOST, SUSPECT_DEATHS

KEY = b"k" * 32
SHOWN = (Shown("menu", "words", "zh"),)


class Script:
    """Turns that last until they are let go."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.begun: list[str] = []
        self.together: list[set[str]] = []
        self.held: dict[str, asyncio.Event] = {}
        self.fails: dict[str, BaseException] = {}
        self.aside: list[tuple[str, str]] = []

    async def take(self, incoming: Incoming) -> tuple[Shown, ...]:
        name = incoming.event_id
        self.begun.append(name)
        self.running.append(name)
        self.together.append(set(self.running))
        try:
            if name in self.held:
                await self.held[name].wait()
            await asyncio.sleep(0)
            if name in self.fails:
                raise self.fails[name]
        finally:
            self.running.remove(name)
        return SHOWN

    async def set_aside(self, incoming: Incoming, reason: str) -> None:
        if "aside" in self.fails:
            raise self.fails["aside"]
        self.aside.append((incoming.event_id, reason))


class World:
    """A process, and those before it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.script = Script()
        self.turns: Guarded
        self.notes: InHand
        self._start()

    def _start(self) -> None:
        self.notes = InHand(self._folder)
        self.turns = Guarded(self.script, self.notes, KEY)

    def died_with(self, *names: str, times: int = 1) -> None:
        """So many processes ended while they had these in hand."""
        for _ in range(times):
            for name in names:
                assert self.notes.begin(self.turns._name(event(name)))
            self.notes.close()
            self._start()

    def deaths(self, name: str) -> int:
        return self.notes.deaths(self.turns._name(event(name)))

    def begin(self, name: str) -> asyncio.Task[tuple[Shown, ...]]:
        return asyncio.create_task(self.turns.take(event(name)))


def event(name: str) -> Incoming:
    return Incoming("telegram", "4242424242", name, Text("words"))


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0)


async def passes() -> None:
    """Whatever can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(guarded, "PAUSE_SECONDS", 0)
    world = World(tmp_path)
    yield world
    world.notes.close()


async def test_turns_go_side_by_side_and_leave_nothing(world: World) -> None:
    world.script.held["a"] = asyncio.Event()
    slow = world.begin("a")
    assert await world.turns.take(event("b")) == SHOWN
    world.script.held["a"].set()
    assert await slow == SHOWN
    assert {"a", "b"} in world.script.together
    world.died_with("c")
    assert [world.deaths(name) for name in "abc"] == [0, 0, 1]


async def test_one_event_twice_at_once_ends_twice(world: World) -> None:
    world.script.held["a"] = asyncio.Event()
    both = [world.begin("a"), world.begin("a")]
    await until(lambda: world.script.running == ["a", "a"])
    world.script.held["a"].set()
    assert await asyncio.gather(*both) == [SHOWN, SHOWN]
    world.died_with("b")
    assert [world.deaths(name) for name in "ab"] == [0, 1]


@pytest.mark.parametrize("times", [SUSPECT_DEATHS - 1, SUSPECT_DEATHS])
async def test_a_suspect_waits_for_what_is_in_hand(world: World, times: int) -> None:
    world.died_with("poison", times=times)
    world.script.held["a"] = asyncio.Event()
    slow, poison = world.begin("a"), world.begin("poison")
    await passes()
    assert ("poison" in world.script.begun) is (times < SUSPECT_DEATHS)
    world.script.held["a"].set()
    await asyncio.gather(slow, poison)
    assert ({"a", "poison"} in world.script.together) is (times < SUSPECT_DEATHS)


async def test_nothing_begins_beside_a_suspect_and_then_all_flow(world: World) -> None:
    world.died_with("poison", "other", times=SUSPECT_DEATHS)
    world.script.held["poison"] = asyncio.Event()
    poison = world.begin("poison")
    await until(lambda: world.script.running == ["poison"])
    others = [world.begin(name) for name in ("a", "b", "other", "c")]
    await passes()
    assert world.script.running == ["poison"]
    world.script.held["poison"].set()
    await asyncio.gather(poison, *others)
    alone = [one for one in world.script.together if one & {"poison", "other"}]
    assert alone == [{"poison"}, {"other"}]


async def test_whoever_came_with_a_suspect_goes_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded, "PAUSE_SECONDS", 0.05)
    world.died_with("worse", times=SUSPECT_DEATHS + 1)
    world.died_with("suspect", times=SUSPECT_DEATHS)
    names = ["worse", "suspect", "a", "b"]
    await asyncio.gather(*map(world.begin, names))
    assert world.script.begun == ["a", "b", "suspect", "worse"]


async def test_an_innocent_is_clear_after_one_turn(world: World) -> None:
    world.died_with("a", times=SUSPECT_DEATHS)
    assert await world.turns.take(event("a")) == SHOWN
    assert world.deaths("a") == 0


@pytest.mark.parametrize("error", [KeyError("a bug"), StoreUnavailable("away"), MemoryError()])
async def test_an_error_is_no_death_and_clears_none(world: World, error: Exception) -> None:
    world.died_with("a")
    world.script.fails = dict.fromkeys("ab", error)
    for name in "ab":
        with pytest.raises(type(error)):
            await world.turns.take(event(name))
    world.died_with("c")
    assert [world.deaths(name) for name in "abc"] == [1, 0, 1]


async def test_what_a_stop_breaks_off_is_no_death(world: World) -> None:
    world.died_with("suspect", times=SUSPECT_DEATHS)
    world.script.held["a"] = asyncio.Event()
    slow, suspect, later = world.begin("a"), world.begin("suspect"), world.begin("later")
    await until(lambda: world.script.running == ["a"] or "later" in world.script.begun)
    await passes()
    for task in (slow, suspect, later):
        task.cancel()
    await asyncio.gather(slow, suspect, later, return_exceptions=True)
    world.died_with("c")
    assert [world.deaths(one) for one in ("a", "suspect", "later", "c")] == [
        0,
        SUSPECT_DEATHS,
        0,
        1,
    ]


async def test_a_suspect_that_gave_up_waiting_holds_up_nobody(world: World) -> None:
    world.died_with("suspect", times=SUSPECT_DEATHS)
    world.script.held["a"] = asyncio.Event()
    slow, suspect = world.begin("a"), world.begin("suspect")
    await passes()
    later = world.begin("later")
    await passes()
    assert world.script.begun == ["a"]
    suspect.cancel()
    await later
    world.script.held["a"].set()
    await slow


async def test_one_death_fewer_than_too_many_still_runs(world: World) -> None:
    world.died_with("a", times=DEATHS_MOST - 1)
    assert await world.turns.take(event("a")) == SHOWN
    assert world.script.aside == []


async def test_what_saw_too_many_deaths_is_set_aside_each_time_and_never_run(world: World) -> None:
    world.died_with("poison", times=DEATHS_MOST)
    reason = f"nobody who took it up came back, {DEATHS_MOST} times"
    for _ in range(2):  # the acknowledgement may get lost
        with pytest.raises(GivenUp):
            await world.turns.take(event("poison"))
    assert world.script.aside == [("poison", reason)] * 2
    assert world.script.begun == []
    assert await world.turns.take(event("next")) == SHOWN


async def test_what_cannot_be_set_aside_comes_again(world: World) -> None:
    world.died_with("poison", times=DEATHS_MOST)
    world.script.fails["aside"] = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        await world.turns.take(event("poison"))
    del world.script.fails["aside"]
    with pytest.raises(GivenUp):
        await world.turns.take(event("poison"))


async def test_events_are_told_apart_by_channel_person_and_id(world: World) -> None:
    names = {
        world.turns._name(Incoming(channel, address, event_id, Text("words")))
        for channel in ("telegram", "webchat")
        for address in ("1", "2")
        for event_id in ("1", "2")
    }
    assert len(names) == 8
    other = Guarded(world.script, world.notes, b"x" * 32)
    assert other._name(event("a")) != world.turns._name(event("a"))
