"""The words of the conversation: what came in, what goes out, and nothing about any channel.

A channel turns what it received into an `Incoming`, the reducer turns that and the stored `Draft`
into a `Turn`, and the channel shows the turn's prompts. Prompts carry message ids, never text or
markup, so that one conversation speaks every language and suits every channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from msgspec import Struct, field

from bot.core.form import Form
from bot.core.report import Answers, Place, Progress, Report


class Message(Struct, frozen=True):
    """A sentence of the catalogue: its id, what to fill in, and the number that picks a plural.

    A value that is a `Message` is said in the same language; dates and numbers are written by
    locale; a plain str is somebody's own words and is shown as it is.
    """

    id: str
    values: Mapping[str, str | int | float | date | datetime | Message] = field(
        default_factory=dict
    )
    count: int | None = None


ChoiceKind = Literal["button", "position"]


class Choice(Struct, frozen=True):
    """One thing that can be chosen. `position` asks the device where it is.

    `id` is at most 40 bytes, so that it fits a Telegram button beside the prompt's serial. `media`
    is the picture that it is about, one of the prompt's own.
    """

    id: str
    label: Message
    kind: ChoiceKind = "button"
    media: str | None = None


Accepted = Literal["text", "position", "media"]


class Prompt(Struct, frozen=True):
    """What the person sees next.

    `lines` are paragraphs; `rows` the choices, row by row; `accepts` says what may be typed or sent
    besides; `media` are ids of safe copies to show as thumbnails; `serial` tells this screen from
    older ones; `keep` means that it stays in the chat (a receipt) and is never edited away;
    `receipt` is one that was handed out just now, `forgotten` are those that are of no use any
    more.
    """

    screen: str
    lines: tuple[Message, ...]
    rows: tuple[tuple[Choice, ...], ...] = ()
    accepts: tuple[Accepted, ...] = ()
    media: tuple[str, ...] = ()
    serial: int = 0
    keep: bool = False
    receipt: str | None = None
    forgotten: tuple[str, ...] = ()

    @property
    def returned(self) -> bool:
        """Whether what was just written was too long: its writer wants it back to shorten it."""
        return any(line.id == "error.too_long" for line in self.lines)


# What comes in ------------------------------------------------------------------------------------


class Text(Struct, frozen=True, tag=True):
    """Something typed."""

    text: str


class Pressed(Struct, frozen=True, tag=True):
    """A choice was pressed. `serial` is the prompt's own, None where a channel cannot carry it."""

    choice: str
    serial: int | None = None


class Command(Struct, frozen=True, tag=True):
    """A slash command or a deep link: ``start``, ``report``, ``reports``, ``language`` …"""

    name: str
    argument: str = ""


class Located(Struct, frozen=True, tag=True):
    """A position, a venue, or both."""

    place: Place


class Attachment(Struct, frozen=True):
    """A picture or video that was sent and waits to be fetched.

    `id` becomes the media id; `source` is the channel's own and opaque; `size` in bytes if known;
    `refused` is a `MediaRefused` reason where the channel knows already that it is of no use;
    `video` is what the channel says, and decides only whether to ask about its sound.
    """

    id: str
    source: str
    size: int | None = None
    refused: str | None = None
    video: bool = False


class Attached(Struct, frozen=True, tag=True):
    """Pictures and videos, several at once or one of an album, with the words beside them."""

    attachments: tuple[Attachment, ...]
    caption: str = ""


class MadeSafe(Struct, frozen=True, tag=True):
    """The media worker is done with `media`; `position` was found inside, if any."""

    media: str
    position: tuple[float, float] | None = None


class Refused(Struct, frozen=True, tag=True):
    """The media worker cannot use `media`; `reason` as in `MediaRefused`."""

    media: str
    reason: str


class Opened(Struct, frozen=True, tag=True):
    """The chat was opened or came back: show where we are."""


class Unknown(Struct, frozen=True, tag=True):
    """Something that no step can use: a sticker, a voice message, a contact."""


Event = Text | Pressed | Command | Located | Attached | MadeSafe | Refused | Opened | Unknown


class Incoming(Struct, frozen=True):
    """One event with where it came from.

    `address` is the channel's own way back to the person and never leaves the turn in the clear;
    `event_id` is the same whenever the channel delivers the same event again; `locale` is what the
    client says; `receipts` are those that the browser holds and shows us for *my reports*;
    `network` is where it came from, for limits alone: used in the turn and kept nowhere.
    """

    channel: str
    address: str
    event_id: str
    event: Event
    locale: str | None = None
    receipts: tuple[str, ...] = ()
    network: str = ""


# What the reducer knows and answers ---------------------------------------------------------------

Overlay = Literal["", "cancel", "resume", "language", "sound", "remove", "anew"]


class Draft(Struct, frozen=True):
    """One conversation as it stands. `step` is ``menu``, a step of the form, ``summary`` or
    ``receipt``; `overlay` a question asked on top of it; `serial` changes with every new screen;
    `held` are videos that wait for the answer whether to keep their sound.
    """

    locale: str
    step: str = "menu"
    overlay: Overlay = ""
    editing: bool = False
    serial: int = 0
    answers: Answers = field(default_factory=Answers)
    receipt: str = ""
    touched: int = 0
    held: tuple[Attachment, ...] = ()

    @property
    def open(self) -> bool:
        """Whether a report is under way."""
        return self.step not in ("menu", "receipt")


Over = Literal["", "guesses", "pictures", "reports"]


class Facts(Struct, frozen=True):
    """What the reducer may know of the world: all of it given, so that it stays a pure function.

    `now` is aware; `entropy` is fresh random bytes (at least 32); `progress` holds a `Progress`
    for each receipt that the event names and the store knows; `locales` are the languages with
    their own names; `hint` is the channel's advice on where receipts are kept, `transcript` what it
    says of the words themselves to whoever wants to be forgotten; `over` names the limit that this
    event would break: receipts are not looked up, pictures or reports not taken.
    """

    now: datetime
    entropy: bytes
    form: Form
    locales: tuple[tuple[str, str], ...]
    progress: Mapping[str, Progress] = field(default_factory=dict)
    hint: Message | None = None
    transcript: Message | None = None
    over: Over = ""


class Fetch(Struct, frozen=True):
    """Have this attachment fetched and made safe; a video keeps its sound only with `sound`."""

    attachment: Attachment
    sound: bool = False


class Discard(Struct, frozen=True):
    """These media are no longer wanted."""

    media: tuple[str, ...]


class Submit(Struct, frozen=True):
    """The report is finished; `receipt` is what its reporter holds."""

    report: Report
    receipt: str


class Forget(Struct, frozen=True):
    """Whoever holds these receipts is to be forgotten: no notice any more, and no receipt."""

    receipts: tuple[str, ...]


Effect = Fetch | Discard | Submit | Forget


class Turn(Struct, frozen=True):
    """What a turn comes to: the new draft, what to show, and what to do."""

    draft: Draft
    prompts: tuple[Prompt, ...] = ()
    effects: tuple[Effect, ...] = ()
