"""The web chat: one page that talks with the gateway over one socket.

The address of a person is a random token that their browser made and keeps. It travels in the
first message of the socket or in the ``X-Chat`` header, never in an address line, a cookie or a
log, and whatever waits for it in the store is found and opened by that token alone.
"""

from bot.channels.webchat.channel import Channel
from bot.channels.webchat.sender import Sender
from bot.channels.webchat.source import Source

__all__ = ["Channel", "Sender", "Source"]
