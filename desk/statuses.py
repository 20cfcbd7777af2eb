"""The closed loop as data: which status may follow which, and what each one means.

Everything that depends on a status (buttons, Open311's open or closed, deadlines) is read from
the one table below, so that a change of procedure is a change of this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Status(StrEnum):
    RECEIVED = "received"
    ACCEPTED = "accepted"
    TRANSFERRED = "transferred"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    NOT_CONFIRMED = "not_confirmed"
    RECTIFYING = "rectifying"
    RECTIFIED = "rectified"
    CLOSED = "closed"
    REJECTED = "rejected"
    REOPENED = "reopened"
    REWARD_PROPOSED = "reward_proposed"
    REWARD_APPROVED = "reward_approved"
    REWARD_PAID = "reward_paid"
    REWARD_DECLINED = "reward_declined"


class Step(IntEnum):
    """How far the promise to the reporter is kept: each step has a deadline of its own."""

    RECEIVED = 0
    ACCEPTED = 1
    VERIFIED = 2
    FEEDBACK = 3


@dataclass(frozen=True)
class Rule:
    """What a status means: the steps it keeps, whether Open311 calls it closed, what may follow."""

    step: Step
    closed: bool
    following: tuple[Status, ...] = ()


S = Status
# A small bureau often checks on the spot: a new case may go straight to what was found.
_CHECKS = (S.VERIFYING, S.VERIFIED, S.NOT_CONFIRMED)

RULES: Mapping[Status, Rule] = {
    S.RECEIVED: Rule(Step.RECEIVED, False, (S.ACCEPTED, S.TRANSFERRED, *_CHECKS, S.REJECTED)),
    S.ACCEPTED: Rule(Step.ACCEPTED, False, (*_CHECKS, S.TRANSFERRED, S.REJECTED)),
    S.TRANSFERRED: Rule(Step.ACCEPTED, False, (*_CHECKS, S.ACCEPTED, S.REJECTED)),
    S.VERIFYING: Rule(Step.ACCEPTED, False, (S.VERIFIED, S.NOT_CONFIRMED, S.TRANSFERRED)),
    S.VERIFIED: Rule(Step.VERIFIED, False, (S.RECTIFYING, S.RECTIFIED, S.NOT_CONFIRMED)),
    S.NOT_CONFIRMED: Rule(Step.FEEDBACK, True, (S.REOPENED,)),
    S.RECTIFYING: Rule(Step.FEEDBACK, False, (S.RECTIFIED,)),
    S.RECTIFIED: Rule(Step.FEEDBACK, False, (S.CLOSED, S.RECTIFYING)),
    S.CLOSED: Rule(Step.FEEDBACK, True, (S.REWARD_PROPOSED, S.REOPENED)),
    S.REJECTED: Rule(Step.FEEDBACK, True, (S.REOPENED,)),
    S.REOPENED: Rule(Step.ACCEPTED, False, (*_CHECKS, S.TRANSFERRED, S.REJECTED)),
    S.REWARD_PROPOSED: Rule(Step.FEEDBACK, True, (S.REWARD_APPROVED, S.REWARD_DECLINED)),
    S.REWARD_APPROVED: Rule(Step.FEEDBACK, True, (S.REWARD_PAID, S.REWARD_DECLINED)),
    S.REWARD_PAID: Rule(Step.FEEDBACK, True),
    S.REWARD_DECLINED: Rule(Step.FEEDBACK, True, (S.REWARD_PROPOSED,)),
}

CLOSED = frozenset(status for status, rule in RULES.items() if rule.closed)
WAITING = frozenset({S.RECEIVED, S.REOPENED})  # nobody has taken it up
REFUSALS = frozenset({S.REJECTED, S.NOT_CONFIRMED, S.REWARD_DECLINED})


def may_follow(before: Status, after: Status) -> bool:
    """Whether an operator may move a case from `before` to `after`."""
    return after in RULES[before].following
