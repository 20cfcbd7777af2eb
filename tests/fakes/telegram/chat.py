"""One private chat as it looks now: messages with edits and deletions applied, and keyboards."""

import time
from dataclasses import dataclass
from typing import Any

from tests.fakes.telegram.base import Json, Pulse


@dataclass(frozen=True)
class Message:
    """A message as it stood at one moment; `data` is the Bot API's Message.

    Kept in a variable it stays an old screen: its buttons can still be pressed.
    """

    data: Json
    revision: int

    @property
    def id(self) -> int:
        """Number within the bot's private chats."""
        return int(self.data["message_id"])

    @property
    def from_bot(self) -> bool:
        """Whether the bot wrote it."""
        return bool(self.data["from"]["is_bot"])

    @property
    def text(self) -> str:
        """Text or caption without markup; empty when there is neither."""
        return str(self.data.get("text") or self.data.get("caption") or "")

    @property
    def buttons(self) -> list[list[str]]:
        """Labels of the inline keyboard, row by row."""
        return [[button["text"] for button in row] for row in self._rows()]

    def button(self, wanted: str) -> Json | None:
        """The inline button with this label or callback data, the label first."""
        everyone = [button for row in self._rows() for button in row]
        for key in ("text", "callback_data"):
            for button in everyone:
                if button.get(key) == wanted:
                    return button
        return None

    def screen(self) -> str:
        """The message as a person sees it, for terminals and failed tests."""
        media = [kind for kind in ("photo", "video", "document", "location") if kind in self.data]
        head = f"{'bot' if self.from_bot else 'me '} | "
        words = "".join(f"({kind}) " for kind in media) + self.text
        rows = ["    | " + "  ".join(f"[{label}]" for label in row) for row in self.buttons]
        return "\n".join([head + words.replace("\n", "\n    | "), *rows])

    def _rows(self) -> list[list[Json]]:
        return list(self.data.get("reply_markup", {}).get("inline_keyboard", []))


class Chat:
    """A private chat between the bot and one person."""

    def __init__(self, bot: Json, pulse: Pulse, chat_id: int, names: Json) -> None:
        self.id = chat_id
        self.names = names
        self.language_code: str | None = None
        self.blocked = False
        self.keyboard: Json | None = None
        self.revision = 0
        self._bot = bot
        self._pulse = pulse
        self._messages: dict[int, Message] = {}

    def user(self) -> Json:
        """The person as a Bot API User."""
        language = {"language_code": self.language_code} if self.language_code else {}
        return {"id": self.id, "is_bot": False} | self.names | language

    def described(self) -> Json:
        """The chat as a Bot API Chat."""
        return {"id": self.id, "type": "private"} | self.names

    @property
    def messages(self) -> list[Message]:
        """What can be seen now, oldest first."""
        return list(self._messages.values())

    def find(self, message_id: int) -> Message | None:
        """A message that has not been deleted."""
        return self._messages.get(message_id)

    def post(self, message_id: int, content: Json, *, from_bot: bool) -> Json:
        """A new message; `reply_markup` may be any of the four kinds."""
        sender = self._bot if from_bot else self.user()
        head = {"message_id": message_id, "from": sender, "chat": self.described()}
        data = head | {"date": int(time.time())} | self._shown(content)
        self._put(data)
        return data

    def replace(self, message_id: int, content: Json) -> Json:
        """Edits a message: its content becomes `content`, its head stays."""
        before = self._messages[message_id].data
        head = {key: before[key] for key in ("message_id", "from", "chat", "date")}
        data = head | {"edit_date": int(time.time())} | content
        self._put(data)
        return data

    def delete(self, message_id: int) -> None:
        """Takes a message away for both sides."""
        del self._messages[message_id]
        self.changed()

    def changed(self) -> None:
        """Something that the person can see is different now."""
        self.revision += 1
        self._pulse.beat()

    def _put(self, data: Json) -> None:
        self.changed()
        self._messages[data["message_id"]] = Message(data, self.revision)

    def _shown(self, content: Json) -> Json:
        """Keeps an inline keyboard with its message; other keyboards belong to the chat."""
        markup: dict[str, Any] = content.get("reply_markup", {})
        if "keyboard" in markup:
            self.keyboard = markup
        if "remove_keyboard" in markup:
            self.keyboard = None
        if "inline_keyboard" in markup:
            return content
        return {key: value for key, value in content.items() if key != "reply_markup"}
