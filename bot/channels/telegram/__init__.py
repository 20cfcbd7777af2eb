"""Telegram, through the Bot API."""

from bot.channels.telegram.channel import Channel
from bot.channels.telegram.sender import Sender
from bot.channels.telegram.source import Source

__all__ = ["Channel", "Sender", "Source"]
