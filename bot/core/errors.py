"""Everything that can go wrong at an edge, as one tree with one root.

::

    GatewayError
    ├── MediaRefused        what was sent cannot be made safe; `reason` says why
    ├── StoreUnavailable    the store did not keep, or may not have kept, what it was told
    │   └── StoreRefused    it will never take this very command, however well it is
    ├── TooFast             one person sends more than anybody can mean
    ├── GivenUp             a turn that ended the process too often is not run any more
    ├── ChannelError
    │   ├── ChannelDown     the messenger does not answer; try again later
    │   ├── Throttled       the messenger asks for a pause of `retry_after` seconds
    │   └── Unreachable     the person blocked the bot or is gone; never try again
    └── CaseSystemError
        ├── CaseSystemDown  no answer, or 5xx; try again later
        ├── CaseThrottled   429; a pause of `retry_after` seconds
        ├── CaseRefused     the case system will never take this as it is; an operator looks
        └── CaseInDoubt     it may have taken it and cannot be asked; an operator looks

Each class says whether trying again can help (`retryable`) and the id of the sentence that the
person is told (`told`, None where it is none of the person's business).
"""

from __future__ import annotations


class GatewayError(Exception):
    """The root. Its text is for operators and never names a person."""

    retryable: bool = False
    told: str | None = None


class MediaRefused(GatewayError):
    """A picture or video that cannot be made safe.

    `reason` is one of too_large, too_many_pixels, unsupported, broken, too_slow, no_picture, gone;
    the catalogue has a sentence for each under ``media.refused.<reason>``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.told = f"media.refused.{reason}"


class StoreUnavailable(GatewayError):
    """The store is down, full, or lost the connection at a moment when either is possible."""

    retryable = True
    told: str | None = "error.not_saved"


class StoreRefused(StoreUnavailable):
    """The store is well and will not carry out this very command: it would fail again."""

    retryable = False
    told = None


class TooFast(GatewayError):
    """More turns within a minute than a person needs; nothing was kept.

    `first` is true once in that minute, so that a flood is not answered with another one.
    """

    retryable = True
    told: str = "error.too_fast"

    def __init__(self, *, first: bool) -> None:
        super().__init__("too many turns of one conversation")
        self.first = first


class GivenUp(GatewayError):
    """An event whose turn ended the process too often; it was set aside for an operator."""


class ChannelError(GatewayError):
    """A message did not get through to a person."""


class ChannelDown(ChannelError):
    """The messenger does not answer or answers 5xx."""

    retryable = True


class Throttled(ChannelError):
    """The messenger wants a pause; `retry_after` is in seconds."""

    retryable = True

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"asked to wait {retry_after:g} s")
        self.retry_after = retry_after


class Unreachable(ChannelError):
    """The person cannot be reached this way any more."""


class CaseSystemError(GatewayError):
    """A report did not get into the case system."""


class CaseSystemDown(CaseSystemError):
    """No usable answer; the case may or may not exist, so it is looked up before a retry.

    `unanswered` says that what was sent may still be at work over there: a case may appear after
    a lookup found none.
    """

    retryable = True

    def __init__(self, problem: str, *, unanswered: bool = False) -> None:
        super().__init__(problem)
        self.unanswered = unanswered


class CaseThrottled(CaseSystemError):
    """429; `retry_after` is in seconds."""

    retryable = True

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"asked to wait {retry_after:g} s")
        self.retry_after = retry_after


class CaseRefused(CaseSystemError):
    """4xx: the same request will be refused again."""


class CaseInDoubt(CaseSystemError):
    """The case may exist, and the case system cannot be asked."""
