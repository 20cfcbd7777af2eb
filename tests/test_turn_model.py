"""The turn beside a model of it: events again, two bots, commits that fail before or after."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from bot.bells import Bells
from bot.core.dialogue import (
    Attachment,
    Draft,
    Event,
    Facts,
    Fetch,
    Incoming,
    Message,
    Prompt,
    Text,
    Turn,
)
from bot.core.errors import StoreUnavailable
from bot.gateway import Gateway, Language
from bot.pace import Pace
from bot.store.connection import Store
from bot.store.conversations import Conversations
from bot.store.limits import Limits
from bot.store.outbox import KINDS, Outbox
from bot.store.receipts import Receipts
from bot.store.reports import Reports
from bot.store.seen import EVENTS_REMEMBERED
from bot.vault.keys import KeyFolder
from config.form import read_form
from config.settings import read_settings
from locales.catalogue import Catalogues

KEY = b"k" * 32
ADDRESS = "4242"


class Counting:
    """A conversation that counts: each event is one more, each that says "fetch" is work."""

    def fresh(self, locale: str, facts: Facts) -> Draft:
        return Draft(locale)

    def take(self, draft: Draft, event: Event, facts: Facts, receipts: tuple[str, ...]) -> Turn:
        assert isinstance(event, Text)
        after = replace(draft, serial=draft.serial + 1)
        work = Fetch(Attachment(event.text, "source"))
        return Turn(after, (self.show(after, facts),), (work,) if "fetch" in event.text else ())

    def show(self, draft: Draft, facts: Facts) -> Prompt:
        return Prompt("menu", (Message("menu.back"),), serial=draft.serial)

    def receipts_named(self, event: Event, receipts: tuple[str, ...]) -> tuple[str, ...]:
        return ()


class Bots(RuleBasedStateMachine):
    """Two bots on one store, one person, and a connection that breaks at the commit."""

    url: str
    channel = "webchat"
    known_most = EVENTS_REMEMBERED

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.bots = self.runner.run(self._built())
        self.done: list[str] = []
        self.number = 0

    async def _built(self) -> list[Gateway]:
        self.stores = [Store.at(self.url) for _ in range(2)]
        await self.stores[0].client.flushall()
        self.bells = [Bells(store, self.url) for store in self.stores]
        both = zip(self.stores, self.bells, strict=True)
        return [self._bot(store, bells) for store, bells in both]

    def _bot(self, store: Store, bells: Bells) -> Gateway:
        said = Catalogues.load()
        return Gateway(
            handlers=Counting(),
            form=read_form(read_settings()),
            language=Language(said.speaking, said.best, said.locales),
            conversations=Conversations(store, KEY),
            reports=Reports(store),
            receipts=Receipts(store, KEY),
            limits=Limits(store, KEY),
            outboxes={kind: Outbox(store, kind) for kind in KINDS},
            keys=KeyFolder(Path(self.folder.name)),
            reply_key=KEY,
            bells=bells,
        )

    def teardown(self) -> None:
        self.runner.run(self._closed())
        self.runner.close()
        self.folder.cleanup()

    async def _closed(self) -> None:
        for bells in self.bells:
            await bells.close()
        for store in self.stores:
            await store.close()

    async def _take(self, bot: int, name: str) -> int:
        gateway = self.bots[bot]
        gateway._turns = Pace(60)  # nobody presses as fast as this
        incoming = Incoming(self.channel, ADDRESS, self.event_id(name), Text(name))
        shown = await gateway.take(incoming)
        return shown[-1].serial

    def event_id(self, name: str) -> str:
        """What the channel calls this event."""
        return name

    @rule(bot=st.integers(0, 1), fetch=st.booleans())
    def says(self, bot: int, fetch: bool) -> None:
        self.number += 1
        name = f"{'fetch' if fetch else 'text'}{self.number}"
        serial = self.runner.run(self._take(bot, name))
        self.done.append(name)
        assert serial == len(self.done)

    @precondition(lambda self: self.done)
    @rule(bot=st.integers(0, 1), back=st.integers(1, 200))
    def comes_again(self, bot: int, back: int) -> None:
        name = self.done[-min(back, self.known_most, len(self.done))]
        assert self.runner.run(self._take(bot, name)) == len(self.done)

    @rule(bot=st.integers(0, 1), count=st.integers(5, 40))
    def says_much(self, bot: int, count: int) -> None:
        for _ in range(count):
            self.says(bot, fetch=False)

    @rule(bot=st.integers(0, 1), fetch=st.booleans(), kept=st.booleans(), again=st.integers(0, 1))
    def breaks_at_the_commit(self, bot: int, fetch: bool, kept: bool, again: int) -> None:
        """The bot cannot tell; the same event at either bot resolves it."""
        self.number += 1
        name = f"{'fetch' if fetch else 'text'}{self.number}"
        self.runner.run(self._break(bot, name, kept))
        assert self.runner.run(self._take(again, name)) == len(self.done) + 1
        self.done.append(name)

    async def _break(self, bot: int, name: str, kept: bool) -> None:
        store = self.stores[bot]
        sound = store.script

        async def broken(script: str, *words: Any, **more: Any) -> Any:
            if kept:
                await sound(script, *words, **more)
            raise StoreUnavailable("the connection broke")

        store.script = broken  # type: ignore[method-assign, assignment]
        try:
            await self._take(bot, name)
        except StoreUnavailable:
            return
        finally:
            store.script = sound  # type: ignore[method-assign]
        raise AssertionError("a turn that was not known to be kept was acknowledged")

    @rule(fetch=st.lists(st.booleans(), min_size=2, max_size=4))
    def all_at_once(self, fetch: list[bool]) -> None:
        """Two bots, different events, the same moment; and each of them twice."""
        names = []
        for one in fetch:
            self.number += 1
            names.append(f"{'fetch' if one else 'text'}{self.number}")

        async def both() -> None:
            await asyncio.gather(*(self._take(bot, name) for name in names for bot in (0, 1)))

        self.runner.run(both())
        self.done += names

    @invariant()
    def each_event_counts_once(self) -> None:
        self.runner.run(self._look())

    async def _look(self) -> None:
        found = await Conversations(self.stores[0], KEY).load(self.channel, ADDRESS)
        assert (found.draft.serial if found.draft else 0) == len(self.done)
        names = await self.stores[0].read("ZRANGE", "outbox:media", 0, -1)
        assert sorted(name.decode() for name in names) == sorted(
            name for name in self.done if "fetch" in name
        )


class Numbered(Bots):
    """The same with events whose numbers rise: none of them counts twice, however old it is."""

    channel = "telegram"
    known_most = 1000

    def event_id(self, name: str) -> str:
        return str(500_000_000 + 3 * int(name.removeprefix("fetch").removeprefix("text")))


@pytest.mark.parametrize("bots", [Bots, Numbered])
def test_turns_and_the_model_agree(valkey_url: str, bots: type[Bots]) -> None:
    machine = type("Here", (bots,), {"url": valkey_url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
