"""The table of statuses: whole, without dead ends that are not meant, and sensible to Open311."""

from collections.abc import Iterable
from itertools import pairwise

from desk.statuses import CLOSED, REFUSALS, RULES, Status, Step, may_follow

REWARDS = {status for status in Status if status.startswith("reward_")}


def reachable(start: Status, without: Iterable[Status] = ()) -> set[Status]:
    found, waiting = {start}, [start]
    while waiting:
        for status in RULES[waiting.pop()].following:
            if status not in found and status not in set(without):
                found.add(status)
                waiting.append(status)
    return found


def test_every_status_has_a_rule_and_is_reached() -> None:
    assert set(RULES) == set(Status)
    assert reachable(Status.RECEIVED) == set(Status)


def test_only_a_paid_reward_is_final() -> None:
    assert {status for status in Status if not RULES[status].following} == {Status.REWARD_PAID}


def test_nothing_becomes_received_again_and_nothing_follows_itself() -> None:
    for status in Status:
        assert not may_follow(status, Status.RECEIVED)
        assert not may_follow(status, status)
        assert len(set(RULES[status].following)) == len(RULES[status].following)


def test_what_open311_calls_closed() -> None:
    assert REWARDS | {Status.CLOSED, Status.REJECTED, Status.NOT_CONFIRMED} == CLOSED


def test_a_reward_comes_after_closing_and_is_paid_after_three_levels() -> None:
    assert not reachable(Status.RECEIVED, [Status.CLOSED]) & REWARDS
    assert Status.REWARD_PAID not in reachable(Status.RECEIVED, [Status.REWARD_PROPOSED])
    assert Status.REWARD_PAID not in reachable(Status.RECEIVED, [Status.REWARD_APPROVED])


def test_only_a_closed_case_is_reopened_and_then_open() -> None:
    reopenable = {status for status in Status if may_follow(status, Status.REOPENED)}
    assert reopenable == {Status.CLOSED, Status.REJECTED, Status.NOT_CONFIRMED}
    assert not RULES[Status.REOPENED].closed


def test_a_closed_case_has_kept_every_promise() -> None:
    assert all(RULES[status].step is Step.FEEDBACK for status in CLOSED)


def test_refusals_are_told_apart() -> None:
    assert {Status.REJECTED, Status.NOT_CONFIRMED, Status.REWARD_DECLINED} == REFUSALS


def test_the_whole_loop_by_hand() -> None:
    loop = "received accepted verifying verified rectifying rectified closed"
    loop += " reward_proposed reward_approved reward_paid"
    steps = [Status(name) for name in loop.split()]
    assert all(may_follow(before, after) for before, after in pairwise(steps))
