"""A Bot API server for tests and demos, strict where Telegram is, driven by simulated people.

    async with TelegramServer() as server:
        resident = server.person(language_code="zh-hans")
        resident.says("/start")
        await resident.sees("随手拍")
        assert server.violations == []

Point any Bot API client at `server.url`. Calls are checked against the published schema
(`schema.json`, Bot API 10.1) and the limits that the documentation states in prose; what breaks
them is answered with 400 and listed in `server.violations`.
"""

from tests.fakes.telegram.chat import Message
from tests.fakes.telegram.executor import Call
from tests.fakes.telegram.person import Person, Press, Video
from tests.fakes.telegram.server import TelegramServer

__all__ = ["Call", "Message", "Person", "Press", "TelegramServer", "Video"]
