"""All chats' screens: what is to be shown waits here, in order, a chat at a time.

Newer prompts take the place of older ones that nobody has seen yet: nine pictures of an album give
one prompt, a flood from one person or a pause asked for by Telegram give the newest screen. Kept
prompts are never replaced; they are sent until they arrived or the person is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice, repeat
from typing import Any

from bot.channels.contract import Shown
from bot.channels.telegram import render
from bot.channels.telegram.api import Api, Rejected
from bot.channels.telegram.display import Display, Screen
from bot.core.errors import ChannelDown, ChannelError, Throttled

_log = logging.getLogger(__name__)

CHATS_MOST = 10_000
SETTLE_SECONDS = 0.7
_SETTLE_MOST_SECONDS = 3.0
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
_TRIES_MOST = 8
_TRIES_KEPT_MOST = 240

_Step = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class _Lane:
    """One chat: its screen, and what waits to be shown on it."""

    screen: Screen
    waiting: list[Shown] = field(default_factory=list)
    since: float = 0.0
    due: float = 0.0
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    work: asyncio.Task[ChannelError | None] | None = None


class Screens:
    """Shows prompts; what it remembers of chats is bounded and may be lost."""

    def __init__(self, api: Api, display: Display) -> None:
        self._api = api
        self._display = display
        self._lanes: OrderedDict[str, _Lane] = OrderedDict()

    def of(self, address: str) -> Screen:
        """What is known of a chat's screen."""
        return self._lane(address).screen

    def put(self, address: str, shown: tuple[Shown, ...], *, settle: bool = False) -> None:
        """Have prompts shown, soon; `settle` where more of the same kind may be on its way."""
        if not shown:
            return
        lane, now = self._lane(address), time.monotonic()
        if not lane.waiting:
            lane.since = now
        lane.waiting = [one for one in lane.waiting if one.keep] + list(shown)
        lane.due = min(now + SETTLE_SECONDS, lane.since + _SETTLE_MOST_SECONDS)
        if not settle or any(one.keep for one in shown):
            lane.hurry.set()
        if lane.work is None:
            lane.work = asyncio.create_task(self._work(lane))

    async def settled(self, address: str, seconds: float) -> None:
        """Wait until nothing of this chat is left to be shown, or so many seconds have passed."""
        lane = self._lanes.get(address)
        if lane is not None and lane.work is not None:
            await asyncio.wait([lane.work], timeout=seconds)

    async def shown(self, address: str) -> None:
        """Wait until this chat shows all it should. Raises the `ChannelError` that prevents it."""
        lane = self._lanes.get(address)
        if lane is not None and lane.work is not None:
            failure = await asyncio.shield(lane.work)
            if failure is not None:
                raise failure

    def reply(self, address: str, shown: tuple[Shown, ...]) -> render.Parameters | None:
        """The one call that shows these prompts, to go back in a webhook's answer; else None.

        Nobody hears how such a call went, so it is for plain screens of undisturbed chats only.
        """
        lane = self._lane(address)
        screen = lane.screen
        if len(shown) != 1 or lane.work is not None or screen.position is not None:
            return None
        parts = render.messages(shown[0])
        special = shown[0].keep or render.position(shown[0]) is not None
        if special or len(parts) > 1 or self._api.pauses.left(screen.chat):
            return None
        return _reply(screen, shown[0], parts[0])

    async def stop(self, seconds: float) -> None:
        """Show what waits, at once, for at most so many seconds."""
        for lane in self._lanes.values():
            lane.hurry.set()
        tasks = [lane.work for lane in self._lanes.values() if lane.work is not None]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _lane(self, address: str) -> _Lane:
        lane = self._lanes.get(address)
        if lane is None:
            lane = self._lanes[address] = _Lane(Screen(int(address)))
            self._forget()
        self._lanes.move_to_end(address)
        return lane

    def _forget(self) -> None:
        """The chats that were quiet longest go first; one that is being written to stays."""
        while len(self._lanes) > CHATS_MOST:
            address, oldest = self._lanes.popitem(last=False)
            if oldest.work is not None:
                self._lanes[address] = oldest
                return

    async def _work(self, lane: _Lane) -> ChannelError | None:
        try:
            while lane.waiting:
                await self._settle(lane)
                shown, lane.waiting = lane.waiting, []
                await self._show(lane, shown)
        except ChannelError as error:
            _log.info("a prompt was not shown: %s", error)
            lane.waiting.clear()
            return error
        finally:
            lane.work = None
        return None

    async def _settle(self, lane: _Lane) -> None:
        while not lane.hurry.is_set() and (left := lane.due - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lane.hurry.wait(), left)
        lane.hurry.clear()

    async def _show(self, lane: _Lane, shown: list[Shown]) -> None:
        for index, one in enumerate(shown):
            step = partial(self._display.put, lane.screen, one, first=index == 0)
            await self._patiently(lane, step, keep=one.keep)
        await self._patiently(lane, partial(self._display.finish, lane.screen, shown[-1]))

    async def _patiently(self, lane: _Lane, step: _Step, *, keep: bool = False) -> None:
        """Try until it worked, or something newer waits, or it makes no sense any more."""
        for pause in _pauses(keep):
            try:
                await step()
            except Rejected as rejected:
                _log.error("Telegram refused a prompt: %s", rejected)
                return
            except Throttled as throttled:
                wait = throttled.retry_after
            except ChannelDown:
                wait = pause
            else:
                return
            await asyncio.sleep(wait)
            if lane.waiting and not keep:
                return
        await step()


def _pauses(keep: bool) -> Iterator[float]:
    tries = _TRIES_KEPT_MOST if keep else _TRIES_MOST
    return islice(chain(_PAUSES, repeat(_PAUSES[-1])), tries)


def _reply(screen: Screen, shown: Shown, part: render.Parameters) -> render.Parameters:
    if screen.current is not None:
        screen.holds(shown, part)
        target = {"method": "editMessageText", "message_id": screen.current}
    else:
        screen.prompt = None
        target = {"method": "sendMessage"}
    return {**target, "chat_id": screen.chat, **part}
