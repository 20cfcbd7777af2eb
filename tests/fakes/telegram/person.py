"""A simulated person with a phone: writes, sends, presses, and looks at the screen."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.fakes.telegram.base import Json, Upload
from tests.fakes.telegram.chat import Chat, Message
from tests.fakes.telegram.world import Answer, World

TIMEOUT = 5.0
_SHARING = {
    "request_location",
    "request_contact",
    "request_poll",
    "request_users",
    "request_chat",
    "web_app",
}


@dataclass(frozen=True)
class Video:
    """A video in an album."""

    content: bytes
    name: str = "video.mp4"
    mime: str = "video/mp4"


class Press:
    """One press on an inline button; the phone shows a spinner until it is answered."""

    def __init__(self, world: World, update_id: int, answer: Answer) -> None:
        self.update_id = update_id
        self._world = world
        self._answer = answer

    async def answered(self, timeout: float = TIMEOUT) -> Answer:
        """The bot's answer; TimeoutError when the spinner still turns after `timeout` s."""
        await self._world.pulse.until(lambda: self._answer.text is not None, timeout)
        return self._answer

    def gets_old(self) -> None:
        """From now on the bot's answer is refused as too late."""
        self._answer.too_old = True


class Person:
    """One side of a private chat. What a person does returns its update's id."""

    def __init__(self, world: World, chat: Chat) -> None:
        self.chat = chat
        self._world = world
        self._acted_at = 0

    @property
    def id(self) -> int:
        """The chat's and the user's id."""
        return self.chat.id

    @property
    def language_code(self) -> str | None:
        """IETF tag of the phone's language, as the bot is told."""
        return self.chat.language_code

    @language_code.setter
    def language_code(self, code: str | None) -> None:
        self.chat.language_code = code

    @property
    def messages(self) -> list[Message]:
        """What the chat looks like now, oldest first."""
        return self.chat.messages

    @property
    def reply_keyboard(self) -> list[list[str]]:
        """Labels of the keyboard under the input field; empty when there is none."""
        rows = (self.chat.keyboard or {}).get("keyboard", [])
        return [[_label(button) for button in row] for row in rows]

    def sends(self, **content: object) -> int:
        """Sends a message with these Bot API fields; the ways below are made of it."""
        self._acted_at = self.chat.revision
        number = self._world.next_message_id()
        message = self.chat.post(number, dict(content), from_bot=False)
        return self._world.updates.add("message", message, self.id)

    def says(self, text: str) -> int:
        """Types a text or a /command."""
        return self.sends(text=text, **_command(text))

    def sends_photo(self, content: bytes, caption: str = "") -> int:
        """Sends a picture as a photo: compressed, in several sizes, without metadata."""
        return self.sends(**self._world.files.photo(content), **_caption(caption))

    def sends_file(self, content: bytes, name: str, mime: str, caption: str = "") -> int:
        """Sends a file as it is."""
        document = self._world.files.document(Upload(content, name, mime))
        return self.sends(**document, **_caption(caption))

    def sends_video(
        self, content: bytes, name: str = "video.mp4", mime: str = "video/mp4", caption: str = ""
    ) -> int:
        """Sends a video."""
        return self.sends(**self._video(Video(content, name, mime)), **_caption(caption))

    def sends_album(self, items: Sequence[bytes | Video], caption: str = "") -> list[int]:
        """Sends photos (bytes) and videos together: one update each, one group."""
        group = {"media_group_id": str(secrets.randbelow(10**17))}
        media = [
            self._video(item) if isinstance(item, Video) else self._world.files.photo(item)
            for item in items
        ]
        media[0] = media[0] | _caption(caption)
        return [self.sends(**one, **group) for one in media]

    def sends_location(self, latitude: float, longitude: float, accuracy: float = 10.0) -> int:
        """Shares the device's position, in degrees and metres."""
        return self.sends(location=_location(latitude, longitude, accuracy))

    def sends_venue(self, latitude: float, longitude: float, title: str, address: str) -> int:
        """Shares a place chosen on the map."""
        location = {"latitude": latitude, "longitude": longitude}
        venue = {"location": location, "title": title, "address": address}
        return self.sends(location=location, venue=venue)

    def edits(self, message: Message, text: str) -> int:
        """Changes the text of an own message."""
        self._acted_at = self.chat.revision
        edited = self.chat.replace(message.id, {"text": text, **_command(text)})
        return self._world.updates.add("edited_message", edited, self.id)

    def taps(self, label: str) -> int:
        """Taps a plain button of the keyboard under the input field."""
        keys = [key for row in (self.chat.keyboard or {}).get("keyboard", []) for key in row]
        key = next((key for key in keys if _label(key) == label), None)
        if key is None:
            raise AssertionError(f"no key {label!r} among {self.reply_keyboard}")
        if not isinstance(key, str) and key.keys() & _SHARING:
            raise AssertionError(f"key {label!r} shares something else than its text: {key}")
        if (self.chat.keyboard or {}).get("one_time_keyboard"):
            self.chat.keyboard = None
        return self.says(label)

    def presses(self, wanted: str, on: Message | None = None) -> Press:
        """Presses an inline button by label or callback data.

        `on` is a message as it was seen at any time, deleted since or not; by default the newest
        one that has the button.
        """
        message = on or self._newest(lambda shown: shown.button(wanted) is not None)
        button = message.button(wanted) if message else None
        if message is None or button is None:
            raise AssertionError(f"no button {wanted!r} in:\n{self.screen()}")
        if "callback_data" not in button:
            raise AssertionError(f"button {wanted!r} sends nothing to the bot: {button}")
        return self._press(message, button["callback_data"])

    def blocks_bot(self) -> int:
        """Blocks the bot: its messages are refused from now on."""
        self.chat.blocked = True
        return self._membership(_member, _kicked)

    def unblocks_bot(self) -> int:
        """Lets the bot write again."""
        self.chat.blocked = False
        return self._membership(_kicked, _member)

    async def sees(
        self,
        expected: str | Callable[[Message], bool],
        timeout: float = TIMEOUT,
        *,
        fresh: bool = False,
    ) -> Message:
        """Waits until a message of the bot has this text in it, or fulfils this condition.

        `fresh`: only what was sent or edited since the person last did something counts.
        AssertionError with the whole screen after `timeout` seconds.
        """
        accepts = (lambda shown: expected in shown.text) if isinstance(expected, str) else expected
        since = self._acted_at if fresh else 0

        def accepted(shown: Message) -> bool:
            return shown.from_bot and shown.revision > since and accepts(shown)

        try:
            return await self._world.pulse.until(lambda: self._newest(accepted), timeout)
        except TimeoutError:
            raise AssertionError(f"{expected!r} is not to be seen in:\n{self.screen()}") from None

    def screen(self) -> str:
        """The chat as text, for people who read a failed test."""
        return "\n".join(message.screen() for message in self.messages)

    def _newest(self, accepts: Callable[[Message], bool]) -> Message | None:
        return next((shown for shown in reversed(self.messages) if accepts(shown)), None)

    def _press(self, message: Message, data: str) -> Press:
        self._acted_at = self.chat.revision
        answer = Answer(self.id)
        query_id = str(secrets.randbits(62))
        self._world.answers[query_id] = answer
        current = self.chat.find(message.id)
        query = {
            "id": query_id,
            "from": self.chat.user(),
            "message": current.data if current else self._inaccessible(message),
            "chat_instance": str(self.id * 31),
            "data": data,
        }
        return Press(self._world, self._world.updates.add("callback_query", query, self.id), answer)

    def _inaccessible(self, message: Message) -> Json:
        return {"chat": self.chat.described(), "message_id": message.id, "date": 0}

    def _video(self, video: Video) -> Json:
        upload = Upload(video.content, video.name, video.mime)
        return self._world.files.video(upload, width=640, height=360, duration=3)

    def _membership(self, before: Callable[[Json], Json], after: Callable[[Json], Json]) -> int:
        bot = self._world.bot_as_sender()
        change = {
            "chat": self.chat.described(),
            "from": self.chat.user(),
            "date": int(time.time()),
            "old_chat_member": before(bot),
            "new_chat_member": after(bot),
        }
        return self._world.updates.add("my_chat_member", change, self.id)


def _member(bot: Json) -> Json:
    return {"status": "member", "user": bot}


def _kicked(bot: Json) -> Json:
    return {"status": "kicked", "user": bot, "until_date": 0}


def _label(button: Json | str) -> str:
    return button if isinstance(button, str) else str(button["text"])


def _caption(text: str) -> Json:
    return {"caption": text} if text else {}


def _command(text: str) -> Json:
    word = text.split(maxsplit=1)[0] if text.startswith("/") else ""
    command = {"type": "bot_command", "offset": 0, "length": len(word)}
    return {"entities": [command]} if len(word) > 1 else {}


def _location(latitude: float, longitude: float, accuracy: float) -> Json:
    place = {"latitude": latitude, "longitude": longitude}
    return place | {"horizontal_accuracy": accuracy}
