"""A resident at the web chat: one socket, numbered messages, uploads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import orjson

from tests.contract.channels.driver import WAIT_SECONDS, Resident, Screen
from tests.whole.programme import Browser


class AtWebchat(Resident):
    """Somebody with the page open."""

    def __init__(self, locale: str, url: str) -> None:
        super().__init__(locale)
        self._browser = Browser(url, locale=locale)
        self._socket = AsyncExitStack()
        self._since = 0
        self._last: dict[str, Any] = {}

    async def arrives(self) -> None:
        await self.comes_back()

    async def leaves(self) -> None:
        await self._socket.aclose()

    async def comes_back(self) -> None:
        await self._socket.enter_async_context(self._browser.online())
        await self._does("open")

    async def says(self, text: str) -> None:
        await self._does("text", text=text)

    async def commands(self, name: str, argument: str = "") -> None:
        await self._does("command", name=name, argument=argument)

    async def presses(self, choice: str, on: Screen | None = None, times: int = 1) -> None:
        screen = on or self.screen()
        assert choice in screen.choices, (choice, screen)
        await self._sends(
            *[self._named("press", choice=choice, serial=screen.handle[1]) for _ in range(times)]
        )

    async def is_delivered_again(self) -> None:
        await self._sends(self._last)

    async def sends(self, *pictures: bytes, caption: str = "") -> None:
        attachments = [await self._uploaded(one) for one in pictures]
        await self._does("attach", attachments=attachments, caption=caption)

    async def locates(self, latitude: float, longitude: float) -> None:
        await self._does("located", latitude=latitude, longitude=longitude)

    async def opens_my_reports(self, receipt: str) -> Screen:
        # The browser keeps the receipts that it was shown and brings them along.
        kept = [one["receipt"] for one in self._browser.screens if one["receipt"]]
        await self._does("command", name="reports", receipts=kept)
        return await self.sees(receipt[-4:])

    def shown(self) -> Sequence[Screen]:
        screens = self._browser.screens
        return [_screen(number, screens[number]) for number in range(self._since, len(screens))]

    def screen(self) -> Screen:
        numbered = reversed(list(enumerate(self._browser.screens)))
        return next(_screen(number, one) for number, one in numbered if one["rows"])

    def copies(self, receipt: str) -> int:
        # The page shows the same screen with the same serial in one place.
        shown = [one for one in self._browser.screens if one["receipt"] == receipt]
        return len({(one["screen"], one["serial"]) for one in shown})

    async def waits_until(self, condition: Callable[[], bool]) -> None:
        try:
            while not condition():
                await self._browser.hears(lambda frame: True, WAIT_SECONDS)
        except TimeoutError:
            raise AssertionError(self._browser.screens[-3:]) from None

    async def _uploaded(self, picture: bytes) -> Any:
        answer = await self._browser.session.post(
            f"{self._browser.url}/chat/uploads",
            data=picture,
            headers={"X-Chat": self._browser.token},
        )
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def _does(self, kind: str, **fields: Any) -> None:
        await self._sends(self._named(kind, **fields))

    def _named(self, kind: str, **fields: Any) -> dict[str, Any]:
        self._browser.count += 1
        return {"id": f"{self._browser.device}-{self._browser.count}", "type": kind, **fields}

    async def _sends(self, *messages: dict[str, Any]) -> None:
        """Send messages without a pause, then wait until all were taken."""
        self._since = len(self._browser.screens)
        waiting = {message["id"] for message in messages}
        for message in messages:
            await self._browser.socket.send_str(orjson.dumps(message).decode())
            self._last = message

        def all_taken(frame: dict[str, Any]) -> bool:
            waiting.discard(frame.get("ack"))
            return not waiting

        await self._browser.hears(all_taken)


def _screen(number: int, shown: dict[str, Any]) -> Screen:
    choices = tuple(button["id"] for row in shown["rows"] for button in row)
    return Screen(shown["text"], choices, (number, shown["serial"]))
