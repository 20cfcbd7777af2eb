"""*My reports* and the status behind a receipt.

There is no list of a person's reports anywhere on our side: the receipts that the person's own
chat or browser kept are the list.
"""

from __future__ import annotations

from datetime import date

from bot.core.dialogue import Choice, Draft, Facts, Message, Turn
from bot.core.report import Progress
from bot.core.status import deadlines
from handlers.screens import aside

ACCEPTED = frozenset(
    {"accepted", "transferred", "verifying", "verified", "not_confirmed", "rectifying"}
    | {"rectified", "closed", "rejected"}
)
VERIFIED = frozenset({"verified", "not_confirmed", "rectifying", "rectified", "closed", "rejected"})
FED_BACK = frozenset({"not_confirmed", "rectified", "closed", "rejected"})


def reports(draft: Draft, facts: Facts, receipts: tuple[str, ...]) -> Turn:
    """The reports whose receipts came along; without any, where to find them."""
    known = [(code, facts.progress[code]) for code in receipts if code in facts.progress]
    if not known:
        hint = facts.hint or Message("reports.type_receipt")
        return Turn(draft, (aside(draft, "reports", (Message("reports.none"), hint)),))
    lines = [Message("reports.title", {"count": len(known)}, count=len(known))]
    lines += [_line(progress) for _, progress in known]
    rows = tuple(
        (Choice(f"status:{code}", Message("reports.open", {"tail": code[-4:]})),)
        for code, _ in known
    )
    return Turn(draft, (aside(draft, "reports", lines, rows),))


def status(draft: Draft, facts: Facts, receipt: str) -> Turn:
    """Where the report behind this receipt stands, promises kept and missed included."""
    progress = facts.progress.get(receipt)
    if progress is None:
        return Turn(draft, (aside(draft, "status", (Message("status.unknown"),)),))
    lines = [
        Message("status.title", {"tail": receipt[-4:], "status": _status(progress.status)}),
        Message("status.category", {"category": Message(f"hazard.{progress.category}")}),
        Message("status.submitted", {"at": progress.submitted_at}),
        *(
            Message("status.step", {"status": _status(step.status), "at": step.at})
            for step in progress.steps
        ),
        *_promises(progress, facts),
    ]
    if progress.note:
        lines.append(Message("notice.note", {"note": progress.note}))
    again = ((Choice(f"status:{receipt}", Message("status.refresh")),),)
    return Turn(draft, (aside(draft, "status", lines, again),))


def wrong_receipt(draft: Draft) -> Turn:
    """Somebody typed a receipt with a mistake in it."""
    return Turn(draft, (aside(draft, "status", (Message("status.mistyped"),)),))


def _line(progress: Progress) -> Message:
    return Message(
        "reports.line",
        {
            "category": Message(f"hazard.{progress.category}"),
            "at": progress.submitted_at,
            "status": _status(progress.status),
        },
    )


def _status(status_name: str) -> Message:
    return Message(f"status.name.{status_name}")


def _promises(progress: Progress, facts: Facts) -> list[Message]:
    until = deadlines(progress.submitted_at, facts.form.timezone)
    today = facts.now.astimezone(facts.form.timezone).date()
    promised = (
        ("accept", until.accept, ACCEPTED),
        ("verify", until.verify, VERIFIED),
        ("feedback", until.feedback, FED_BACK),
    )
    return [
        _promise(name, last, today, any(step.status in met for step in progress.steps))
        for name, last, met in promised
    ]


def _promise(name: str, last: date, today: date, kept: bool) -> Message:
    if kept:
        return Message(f"promise.{name}.kept")
    return Message(f"promise.{name}.{'missed' if today > last else 'due'}", {"day": last})
