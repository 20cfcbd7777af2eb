"""Everything that the server remembers: the bot, its chats, files, updates, open button presses."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram.base import Json, Pulse, RefusedError, Upload, bad_request
from tests.fakes.telegram.chat import Chat
from tests.fakes.telegram.files import Files
from tests.fakes.telegram.schema import Schema
from tests.fakes.telegram.updates import Updates


@dataclass
class Request:
    """A checked call, ready to be carried out."""

    method: str
    parameters: Json
    uploads: dict[str, Upload]

    def __getitem__(self, name: str) -> Any:
        return self.parameters[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter that may be absent."""
        return self.parameters.get(name, default)

    def some(self, *names: str) -> Json:
        """Those of the named parameters that were given."""
        return {name: self.parameters[name] for name in names if name in self.parameters}


@dataclass
class Answer:
    """What the bot answered to a button press; `text` None until it did."""

    chat_id: int
    text: str | None = None
    show_alert: bool = False
    url: str | None = None
    too_old: bool = False


@dataclass
class World:
    """The state behind the protocol."""

    token: str
    username: str
    schema: Schema = field(default_factory=Schema)
    pulse: Pulse = field(default_factory=Pulse)
    files: Files = field(default_factory=Files)
    chats: dict[int, Chat] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    profile: dict[tuple[str, str], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.updates = Updates(self.schema, self.pulse)
        self._message_ids = itertools.count(1)
        self._chat_ids = itertools.count(700_000_001)

    @property
    def bot(self) -> Json:
        """The bot as a Bot API User."""
        identity = int(self.token.partition(":")[0])
        return {
            "id": identity,
            "is_bot": True,
            "first_name": "随手拍",
            "username": self.username,
            "can_join_groups": False,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    def new_chat(self, names: Json, number: int | None = None) -> Chat:
        """A chat that nobody has written in yet."""
        chat = Chat(self.bot_as_sender(), self.pulse, number or next(self._chat_ids), names)
        self.chats[chat.id] = chat
        return chat

    def bot_as_sender(self) -> Json:
        """The bot as it stands in messages."""
        return {key: self.bot[key] for key in ("id", "is_bot", "first_name", "username")}

    def next_message_id(self) -> int:
        """Message numbers grow over all private chats of a bot."""
        return next(self._message_ids)

    def chat(self, request: Request) -> Chat:
        """The chat that a call names; refused when there is none."""
        chat = self.chats.get(request.get("chat_id"))
        if chat is None:
            raise bad_request("chat not found")
        return chat

    def open_chat(self, request: Request) -> Chat:
        """The chat that a call wants to write in; refused when the person blocked the bot."""
        chat = self.chat(request)
        if chat.blocked:
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        return chat
