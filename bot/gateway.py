"""One turn: load, handle, commit; the channel acknowledges and shows what came out.

Nothing here waits on the network but the store. What a turn wants done stands in the outbox when
the turn is committed; the bell is rung after that, and may be missed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from msgspec.structs import replace

from bot.bells import Bells
from bot.channels.contract import Shown
from bot.core.dialogue import (
    Attached,
    Draft,
    Event,
    Facts,
    Forget,
    Incoming,
    MadeSafe,
    Message,
    Over,
    Pressed,
    Prompt,
    Refused,
    Turn,
)
from bot.core.errors import TooFast
from bot.core.form import Form
from bot.core.report import Progress
from bot.effects import BELLS, Effects
from bot.pace import Pace
from bot.rendering import shown
from bot.replies import written_event
from bot.store.conversations import Conversation, Conversations
from bot.store.expiry import stand_with
from bot.store.limits import Limits, Who
from bot.store.outbox import Outbox
from bot.store.receipts import Receipts
from bot.store.reports import Reports, Standing
from bot.store.seen import put_back
from bot.store.warm import Warm
from bot.vault.keys import KeyFolder

# Presses and words of one person; an album of ten pictures is ten of them.
TURNS_A_MINUTE = 120
# Ten full reports.
PICTURES_AN_HOUR = 90
# Behind one network of a mobile operator there are thousands of people.
REPORTS_OF_A_NETWORK_A_DAY = 600
ENTROPY = 32


class Handlers(Protocol):
    """The conversation, as the gateway sees it (see `handlers.conversation`)."""

    def fresh(self, locale: str, facts: Facts) -> Draft: ...

    def take(self, draft: Draft, event: Event, facts: Facts, receipts: tuple[str, ...]) -> Turn: ...

    def show(self, draft: Draft, facts: Facts) -> Prompt: ...

    def receipts_named(self, event: Event, receipts: tuple[str, ...]) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Language:
    """What the gateway needs of the catalogues."""

    speaking: Callable[[str], Callable[[Message], str]]
    best: Callable[[str | None], str]
    locales: tuple[tuple[str, str], ...]


class Gateway:
    """Runs turns for every channel; see `bot.channels.contract.Turns`."""

    def __init__(
        self,
        *,
        handlers: Handlers,
        form: Form,
        language: Language,
        conversations: Conversations,
        reports: Reports,
        receipts: Receipts,
        limits: Limits,
        outboxes: dict[str, Outbox],
        keys: KeyFolder,
        reply_key: bytes,
        bells: Bells,
    ) -> None:
        self._handlers = handlers
        self._form = form
        self._language = language
        self._conversations = conversations
        self._reports = reports
        self._receipts = receipts
        self._limits = limits
        self._turns = Pace(60)
        self._pictures = Pace(3600)
        self._networks = Pace(24 * 3600)
        self._effects = Effects(reports, receipts, outboxes, keys, reply_key)
        self._replies = outboxes["replies"]
        self._reply_key = reply_key
        self._bells = bells
        self._warm = Warm()

    async def take(self, incoming: Incoming) -> tuple[Shown, ...]:
        """One turn; see the contract. Raises `TooFast` besides."""
        if not isinstance(incoming.event, (MadeSafe, Refused)):
            self._keep_pace(incoming)
        person = incoming.channel, incoming.address
        conversation, again = self._warm.take(person), False
        if conversation is None or conversation.has_seen(incoming.event_id):
            conversation, again = await self._stored(incoming)
        while True:
            facts = await self._facts(incoming)
            draft = conversation.draft or self._handlers.fresh(
                self._language.best(incoming.locale), facts
            )
            if again:
                await self._conversations.on_disk(conversation)  # perhaps nobody heard that it is
                return self._words(draft, (self._handlers.show(draft, facts),))
            turn = self._handlers.take(draft, incoming.event, facts, incoming.receipts)
            if await self._commit(conversation, incoming, turn, facts):
                self._warm.keep(person, conversation)
                return self._words(turn.draft, turn.prompts)
            conversation, again = await self._stored(incoming)

    async def _stored(self, incoming: Incoming) -> tuple[Conversation, bool]:
        """The conversation as it stands, and whether it has had this event before."""
        conversation = await self._conversations.load(incoming.channel, incoming.address)
        return conversation, conversation.has_seen(incoming.event_id)

    async def _facts(self, incoming: Incoming) -> Facts:
        named = self._handlers.receipts_named(incoming.event, incoming.receipts)
        over = await self._over(incoming, named)
        return Facts(
            now=datetime.now(UTC),
            entropy=os.urandom(ENTROPY),
            form=self._form,
            locales=self._language.locales,
            progress=await self._progress(named, incoming) if named and not over else {},
            over=over,
            hint=Message(f"reports.hint.{incoming.channel}"),
            transcript=Message(f"forget.transcript.{incoming.channel}"),
        )

    async def set_aside(self, incoming: Incoming, reason: str) -> None:
        """See the contract."""
        late = replace(incoming, event_id=put_back(incoming.event_id))
        name, body = written_event(self._reply_key, late)
        await self._replies.set_aside(name, body, reason)

    def _keep_pace(self, incoming: Incoming) -> None:
        count = self._turns.counted(_person(incoming))
        if count > TURNS_A_MINUTE:
            raise TooFast(first=count == TURNS_A_MINUTE + 1)

    async def _over(self, incoming: Incoming, named: tuple[str, ...]) -> Over:
        """The limit that stands against this event."""
        match incoming.event:
            case Pressed(choice="submit"):
                reached = await self._limits.reached("reports", _who(incoming))
                return "reports" if reached or self._crowded(incoming.network) else ""
            case Attached(attachments=attachments):
                count = self._pictures.counted(_person(incoming), len(attachments))
                return "pictures" if count > PICTURES_AN_HOUR else ""
        if named and await self._limits.reached("guesses", _who(incoming)):
            return "guesses"
        return ""

    def _crowded(self, network: str) -> bool:
        return bool(network) and self._networks.counted(network, 0) >= REPORTS_OF_A_NETWORK_A_DAY

    async def _progress(self, receipts: tuple[str, ...], incoming: Incoming) -> dict[str, Progress]:
        """By receipt, of those that somebody holds."""
        found = await asyncio.gather(*map(self._standing, receipts))
        # One that was mistyped is empty, as its check letters tell, and was not looked up. A list
        # of receipts counts once: a browser may hold many that have run out.
        if any(one and standing is None for one, standing in zip(receipts, found, strict=True)):
            await self._limits.count("guesses", _who(incoming))
        return {
            receipt: standing.progress
            for receipt, standing in zip(receipts, found, strict=True)
            if standing is not None
        }

    async def _standing(self, receipt: str) -> Standing | None:
        reference = await self._receipts.reference(receipt)
        return await self._reports.standing(reference) if reference else None

    async def _commit(
        self, conversation: Conversation, incoming: Incoming, turn: Turn, facts: Facts
    ) -> bool:
        work = stand_with(conversation.draft, turn.draft)
        bells: set[str] = set()
        for effect in turn.effects:
            work += await self._effects.commands(effect, incoming, turn.draft, facts.now)
            bells.update(BELLS[type(effect)])
        if "push" in bells:
            work += await self._limits.counting("reports", _who(incoming))
        # A promise is shown only once it is on disk: a receipt, and that somebody is forgotten.
        promised = turn.draft.step == "receipt" or Forget in map(type, turn.effects)
        if not await self._conversations.commit(
            conversation, turn.draft, incoming.event_id, work, on_disk=promised
        ):
            return False
        self._bells.ring(bells)
        if promised and "push" in bells and incoming.network:
            self._networks.counted(incoming.network)
        return True

    def _words(self, draft: Draft, prompts: tuple[Prompt, ...]) -> tuple[Shown, ...]:
        say = self._language.speaking(draft.locale)
        return tuple([shown(prompt, draft.locale, say) for prompt in prompts])


def _person(incoming: Incoming) -> str:
    return f"{incoming.channel}|{incoming.address}"


def _who(incoming: Incoming) -> Who:
    return Who(_person(incoming), incoming.network)
