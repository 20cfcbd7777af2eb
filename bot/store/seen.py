"""Which events a conversation has had: the last 32, and of numbered ones all that went before.

Six bytes for each event, the oldest first: its number where its id is one, as Telegram's are, else
a hash of its name. Numbers rise, so once there are more than 32 one number stands for all those
that were let go: the highest of them, in front of the 32. An event whose number is not above it
comes again, unless it lies so far below that it belongs to another count: another bot's, or one
that Telegram began anew, as it does after a week without updates.

For this, events of one conversation must come in the order of their numbers, give or take 32. They
do: by polling the bot keeps the order, and by webhook Telegram delivers nothing of a chat until
what went before was acknowledged (messages and presses each in a line of their own). The one that
comes as late as it likes is an event that an operator puts back: `put_back` has it known by its own
number alone.
"""

from __future__ import annotations

from hashlib import blake2b

EVENTS_REMEMBERED = 32
# Ten times what the busiest bot gets within the day for which Telegram keeps an update.
COUNT_MOST = 10_000_000
_BYTES = 6
_NAME = 0x80  # the highest bit tells names from numbers
_NUMBERS_END = _NAME << 8 * (_BYTES - 1)
_PUT_BACK = "again:"


def put_back(event_id: str) -> str:
    """The id under which an event comes that was set aside before."""
    return _PUT_BACK + event_id


def has_seen(seen: bytes, event_id: str) -> bool:
    """Whether this event is among them."""
    wanted = _written(event_id)
    numbered = not wanted[0] & _NAME and not event_id.startswith(_PUT_BACK)
    if numbered and 0 <= _mark(seen) - int.from_bytes(wanted) < COUNT_MOST:
        return True
    at = seen.find(wanted)
    while at > 0 and at % _BYTES:  # it began in the midst of another one
        at = seen.find(wanted, at + 1)
    return at >= 0


def with_event(seen: bytes, event_id: str) -> bytes:
    """The same and this event."""
    mark, events = _parted(seen)
    events += _written(event_id)
    if len(events) <= EVENTS_REMEMBERED * _BYTES:
        return mark + events
    gone, events = events[:_BYTES], events[_BYTES:]
    return _later(mark, gone) + events


def written(seen: bytes) -> bytes:
    """As they stand in front of a draft."""
    return bytes((len(seen) // _BYTES,)) + seen


def read(raw: bytes) -> tuple[bytes, bytes]:
    """They and the draft behind them."""
    end = 1 + raw[0] * _BYTES
    return raw[1:end], raw[end:]


def _parted(seen: bytes) -> tuple[bytes, bytes]:
    """The mark, empty while nothing was let go, and the events."""
    at = _BYTES if len(seen) > EVENTS_REMEMBERED * _BYTES else 0
    return seen[:at], seen[at:]


def _mark(seen: bytes) -> int:
    return int.from_bytes(_parted(seen)[0])


def _later(mark: bytes, gone: bytes) -> bytes:
    """The mark once this event was let go; a name changes nothing."""
    before = int.from_bytes(mark)
    if gone[0] & _NAME:
        return before.to_bytes(_BYTES)
    number = int.from_bytes(gone)
    return (number if before - number >= COUNT_MOST else max(before, number)).to_bytes(_BYTES)


def _written(event_id: str) -> bytes:
    name = event_id.removeprefix(_PUT_BACK)
    number = _number(name)
    if number is not None:
        return number.to_bytes(_BYTES)
    digest = blake2b(name.encode(), digest_size=_BYTES).digest()
    return bytes((digest[0] | _NAME,)) + digest[1:]


def _number(event_id: str) -> int | None:
    number = int(event_id) if event_id.isascii() and event_id.isdecimal() else 0
    return number if 0 < number < _NUMBERS_END and str(number) == event_id else None
