"""What a channel is, to the rest of the gateway.

A channel lives in its own folder and brings up to three things, each used by another process:

`Channel`  in the bot: receives, hands every event to `Turns.take`, acknowledges only after that
           returned, and shows what came back.
`Sender`   in the delivery worker: brings a notice to a person who did not just say something.
`Source`   in the media worker: fetches what was sent.

`registry.py` names them. A channel knows `bot.core`, this contract and its own library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aiohttp import web
from msgspec import Struct
from redis.asyncio import Redis

from bot.core.dialogue import Accepted, ChoiceKind, Incoming, Message
from bot.store.media import MediaStore
from config.settings import Settings


class Button(Struct, frozen=True):
    """A choice in words. `id` is at most 40 bytes; `media` is a picture to show on the button
    where that can be done.
    """

    id: str
    label: str
    kind: ChoiceKind = "button"
    media: str | None = None


class Shown(Struct, frozen=True):
    """A prompt in words of one language; the fields are those of `bot.core.dialogue.Prompt`.

    `text` is plain text with line breaks: a channel escapes whatever its markup needs.
    """

    screen: str
    text: str
    locale: str
    rows: tuple[tuple[Button, ...], ...] = ()
    accepts: tuple[Accepted, ...] = ()
    media: tuple[str, ...] = ()
    serial: int = 0
    keep: bool = False
    receipt: str | None = None
    forgotten: tuple[str, ...] = ()
    returned: bool = False


class Notice(Struct, frozen=True):
    """News for somebody who is not in a turn. `id` is the same when it is sent again."""

    id: str
    text: str
    locale: str


class Turns(Protocol):
    """The gateway, as a channel sees it."""

    async def take(self, incoming: Incoming) -> tuple[Shown, ...]:
        """Run one turn and commit it; acknowledge to the channel only after this returns.

        The same `event_id` again commits nothing and shows the current screen. Ids that are plain
        numbers have to rise within a conversation, give or take 32 (see `bot.store.seen`). Raises
        `StoreUnavailable` when nothing is known to be kept: do not acknowledge then. Raises
        `GivenUp` when the event was set aside: acknowledge, and ask for it to be sent again.
        """
        ...

    async def set_aside(self, incoming: Incoming, reason: str) -> None:
        """Keep an event whose turn fails always, sealed, until an operator puts it back.

        `reason` names no person. Raises `StoreUnavailable`.
        """
        ...


class Surroundings(Struct, frozen=True):
    """What a channel is given. `store` answers in bytes; `say` puts a message in a language;
    `locales` are the languages there are, the default one first; `media_link(id, thumbnail)`
    is the path of a signed link to a safe copy that expires.
    """

    settings: Settings
    store: Redis
    media: MediaStore
    say: Callable[[str, Message], str]
    locales: tuple[str, ...]
    media_link: Callable[[str, bool], str]


class Channel(Protocol):
    """A channel inside the bot process; built as ``Channel(surroundings, turns)``."""

    def add_routes(self, application: web.Application) -> None:
        """Called once, before the server starts: add what the channel listens on."""
        ...

    async def start(self) -> None:
        """Called once the server listens; may start tasks of its own, must not block on them."""
        ...

    async def stop(self) -> None:
        """Called at the end: take nothing new, finish the turns in hand, close connections."""
        ...

    async def show(self, address: str, shown: tuple[Shown, ...]) -> None:
        """Show prompts that no event of this moment asked for (a picture is ready, or refused).

        Raises a `ChannelError`. Called outside any turn; may wait on the network.
        """
        ...


class Sender(Protocol):
    """A channel inside the delivery worker; built as ``Sender(surroundings)``."""

    async def send(self, address: str, notice: Notice) -> None:
        """Bring a notice to a person. Raises a `ChannelError`: `Unreachable` is final."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class Source(Protocol):
    """A channel inside the media worker; built as ``Source(surroundings)``."""

    async def fetch(self, source: str) -> bytes:
        """The bytes behind an `Attachment.source`, at most `MEDIA_BYTES_MOST`.

        Raises `MediaRefused` (``gone``, ``too_large``), or a retryable `ChannelError`.
        """
        ...

    async def forget(self, source: str) -> None:
        """The safe copy is written or refused: delete what `fetch` read, if it is ours."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


MEDIA_BYTES_MOST = 20 * 1024 * 1024
