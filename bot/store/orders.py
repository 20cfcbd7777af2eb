"""What stands in the outbox entries: short JSON lists, one shape per kind of work."""

from __future__ import annotations

import msgspec
from msgspec import Struct


class FetchOrder(Struct, frozen=True, array_like=True):
    """``media``: fetch `source` of `channel`, make it safe as `media`, tell `reply_to` (sealed);
    a video keeps its sound only with `sound`."""

    channel: str
    media: str
    source: str
    reply_to: bytes
    sound: bool = False

    def written(self) -> bytes:
        """As an outbox body."""
        return msgspec.json.encode(self)

    @classmethod
    def read(cls, body: bytes) -> FetchOrder:
        """From an outbox body."""
        return msgspec.json.decode(body, type=cls)


class NoticeOrder(Struct, frozen=True, array_like=True, tag="notice"):
    """``notices``: the case of `reference` has a new `status`."""

    reference: str
    version: int
    status: str
    note: str

    @property
    def id(self) -> str:
        """The same for the same change, so that it stands in the outbox once."""
        return f"{self.reference}.{_in_order(self.version)}"

    def written(self) -> bytes:
        """As an outbox body."""
        return msgspec.json.encode(self)


class ForgetOrder(Struct, frozen=True, array_like=True, tag="forget"):
    """``notices``: shred the way back of the report `reference`."""

    reference: str

    @property
    def id(self) -> str:
        """The same for the same report."""
        return f"{self.reference}.forget"

    def written(self) -> bytes:
        """As an outbox body."""
        return msgspec.json.encode(self)


def notices_order(body: bytes) -> NoticeOrder | ForgetOrder:
    """What a ``notices`` entry asks for, from its body."""
    return msgspec.json.decode(body, type=NoticeOrder | ForgetOrder)


class DeliveryOrder(Struct, frozen=True, array_like=True):
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
        return f"{self.record}.{_in_order(self.version)}"

    def written(self) -> bytes:
        """As an outbox body."""
        return msgspec.json.encode(self)

    @classmethod
    def read(cls, body: bytes) -> DeliveryOrder:
        """From an outbox body."""
        return msgspec.json.decode(body, type=cls)


def _in_order(version: int) -> str:
    """What is due in the same moment is claimed by name: the tenth change after the ninth."""
    return f"{version:016d}"
