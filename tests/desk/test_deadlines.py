"""Deadlines are ends of local days, and what is late stays visible as late."""

from datetime import datetime
from zoneinfo import ZoneInfo

from desk.deadlines import Promise, due_at, next_due, promises
from desk.statuses import Status, Step

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


def test_days_end_at_local_midnight() -> None:
    for opened in (at("2026-11-23 00:00:00"), at("2026-11-23 23:59:59")):
        assert due_at(Step.ACCEPTED, opened, ZONE) == at("2026-11-23 23:59:59")
        assert due_at(Step.VERIFIED, opened, ZONE) == at("2026-11-26 23:59:59")
        assert due_at(Step.FEEDBACK, opened, ZONE) == at("2026-11-30 23:59:59")


def test_next_deadline_by_status() -> None:
    opened = at("2026-11-23 10:00:00")
    due = {status: next_due(status, opened, ZONE) for status in Status}
    assert due[Status.RECEIVED] == due_at(Step.ACCEPTED, opened, ZONE)
    assert due[Status.TRANSFERRED] == due_at(Step.VERIFIED, opened, ZONE)
    assert due[Status.VERIFIED] == due_at(Step.FEEDBACK, opened, ZONE)
    assert due[Status.RECTIFYING] is None
    assert due[Status.REJECTED] is None


def test_promises_of_a_case_that_was_late_once() -> None:
    opened = at("2026-11-23 10:00:00")
    changes = [
        (Status.RECEIVED, opened),
        (Status.ACCEPTED, at("2026-11-24 00:00:00")),
        (Status.TRANSFERRED, at("2026-11-24 09:00:00")),
        (Status.VERIFIED, at("2026-11-26 23:59:59")),
    ]
    accepted, verified, feedback = promises(changes, opened, ZONE)
    assert accepted == Promise(Step.ACCEPTED, at("2026-11-23 23:59:59"), at("2026-11-24 00:00:00"))
    assert accepted.missed(0)
    assert not verified.missed(at("2030-01-01 00:00:00"))
    assert feedback.kept_at is None
    assert not feedback.missed(at("2026-11-30 23:59:59"))
    assert feedback.missed(at("2026-12-01 00:00:00"))


def test_reopening_starts_the_clock_again() -> None:
    opened, reopened = at("2026-11-01 10:00:00"), at("2026-11-20 10:00:00")
    changes = [
        (Status.RECEIVED, opened),
        (Status.CLOSED, at("2026-11-02 10:00:00")),
        (Status.REOPENED, reopened),
    ]
    accepted, verified, _ = promises(changes, reopened, ZONE)
    assert accepted.kept_at == reopened
    assert (verified.kept_at, verified.due_at) == (None, at("2026-11-23 23:59:59"))
