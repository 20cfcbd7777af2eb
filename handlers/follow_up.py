"""*My reports* and the status behind a receipt.

There is no list of a person's reports anywhere on our side: the receipts that the person's own
chat or browser kept are the list.
"""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from bot.core.dialogue import Choice, Draft, Facts, Message, Turn
from bot.core.report import Progress, Step
from bot.core.status import deadlines
from handlers import forgetting
from handlers.screens import aside

# Which statuses keep which promise; the later ones keep the earlier promises too.
FED_BACK = frozenset({"not_confirmed", "rectifying", "rectified", "closed", "rejected"})
VERIFIED = FED_BACK | {"verified"}
ACCEPTED = VERIFIED | {"accepted", "transferred", "verifying"}


def reports(draft: Draft, facts: Facts, receipts: tuple[str, ...]) -> Turn:
    """The reports whose receipts came along; without any, where to find them."""
    if facts.over == "guesses":
        return aside(draft, "reports", (forgetting.unknown(facts),))
    known = [(code, facts.progress[code]) for code in receipts if code in facts.progress]
    if not known:
        hint = facts.hint or Message("reports.type_receipt")
        return aside(draft, "reports", (Message("reports.none"), hint))
    lines = [Message("reports.title", {"count": len(known)}, count=len(known))]
    lines += [_line(code, progress) for code, progress in known]
    rows = tuple(
        (Choice(f"status:{code}", Message("reports.open", {"tail": code[-4:]})),)
        for code, _ in known
    )
    return aside(draft, "reports", lines, rows)


def status(draft: Draft, facts: Facts, receipt: str) -> Turn:
    """Where the report behind this receipt stands, promises kept and missed included."""
    progress = facts.progress.get(receipt)
    if progress is None:
        return aside(draft, "status", (forgetting.unknown(facts),))
    lines = [
        Message("status.title", {"tail": receipt[-4:], "status": _status(progress.status)}),
        Message("status.category", {"category": Message(f"hazard.{progress.category}")}),
        Message("status.submitted", {"at": progress.submitted_at}),
        *(
            Message("status.step", {"status": _status(step.status), "at": step.at})
            for step in _worth_a_line(progress)
        ),
        *_promises(progress, facts),
    ]
    if progress.note:
        lines.append(Message("notice.note", {"note": progress.note}))
    again = Choice(f"status:{receipt}", Message("status.refresh"))
    return aside(draft, "status", lines, ((again,), (forgetting.button(receipt),)))


def wrong_receipt(draft: Draft) -> Turn:
    """Somebody typed a receipt with a mistake in it."""
    return aside(draft, "status", (Message("status.mistyped"),))


def _line(code: str, progress: Progress) -> Message:
    return Message(
        "reports.line",
        {
            "tail": code[-4:],
            "category": Message(f"hazard.{progress.category}"),
            "at": progress.submitted_at,
            "status": _status(progress.status),
        },
    )


def _worth_a_line(progress: Progress) -> list[Step]:
    """The steps, but not that it was received in the very minute in which it was sent."""
    sent = _minute(progress.submitted_at)
    return [one for one in progress.steps if one.status != "received" or _minute(one.at) != sent]


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


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
    lines = [
        _promise(name, last, today, _day_kept(progress, keeping, facts.form.timezone))
        for name, last, keeping in promised
    ]
    overdue = any(line.id.endswith(".missed") for line in lines)
    return [*lines, Message("promise.sorry")] if overdue else lines


def _day_kept(progress: Progress, keeping: frozenset[str], timezone: tzinfo) -> date | None:
    days = (
        step.at.astimezone(timezone).date() for step in progress.steps if step.status in keeping
    )
    return min(days, default=None)


def _promise(name: str, last: date, today: date, kept: date | None) -> Message:
    if kept is None and today > last:
        return Message(f"promise.{name}.missed", {"day": last})
    if kept is None:
        return Message(f"promise.{name}.due", {"day": last})
    if kept > last:
        return Message(f"promise.{name}.late", {"day": last, "kept": kept})
    return Message(f"promise.{name}.kept", {"day": kept})
