"""What stands in the outbox entries: short JSON lists, one shape per kind of work."""

from __future__ import annotations

import orjson

from bot.core.records import record


@record
class FetchOrder:
    """``media``: fetch `source` of `channel`, make it safe as `media`, tell `reply_to` (sealed)."""

    channel: str
    media: str
    source: str
    reply_to: bytes

    def written(self) -> bytes:
        """As an outbox body."""
        return orjson.dumps([self.channel, self.media, self.source, self.reply_to.hex()])

    @classmethod
    def read(cls, body: bytes) -> FetchOrder:
        """From an outbox body."""
        channel, media, source, reply_to = orjson.loads(body)
        return cls(channel, media, source, bytes.fromhex(reply_to))


@record
class NoticeOrder:
    """``notices``: the case of `reference` has a new `status`."""

    reference: str
    version: int
    status: str
    note: str

    @property
    def id(self) -> str:
        """The same for the same change, so that it stands in the outbox once."""
        return f"{self.reference}.{self.version}"

    def written(self) -> bytes:
        """As an outbox body."""
        return orjson.dumps([self.reference, self.version, self.status, self.note])

    @classmethod
    def read(cls, body: bytes) -> NoticeOrder:
        """From an outbox body."""
        return cls(*orjson.loads(body))


@record
class DeliveryOrder:
    """``delivery``: bring `status` and `note` to whoever `inner` (sealed) belongs to. It does not
    say which report it is about."""

    record: str
    version: int
    inner: bytes
    status: str
    note: str

    @property
    def id(self) -> str:
        """The same for the same change."""
        return f"{self.record}.{self.version}"

    def written(self) -> bytes:
        """As an outbox body."""
        return orjson.dumps([self.record, self.version, self.inner.hex(), self.status, self.note])

    @classmethod
    def read(cls, body: bytes) -> DeliveryOrder:
        """From an outbox body."""
        record, version, inner, status, note = orjson.loads(body)
        return cls(record, version, bytes.fromhex(inner), status, note)
