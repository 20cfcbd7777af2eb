"""The reducer: one event and the draft in, one turn out. Everything here is a pure function.

What a button, command or typed receipt means is decided here; what becomes of the report is in
`handlers.report`.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from bot.core import wizard
from bot.core.dialogue import (
    Attached,
    Command,
    Draft,
    Event,
    Facts,
    Located,
    MadeSafe,
    Message,
    Opened,
    Pressed,
    Refused,
    Text,
    Turn,
    Unknown,
)
from bot.core.receipt import looks_like_receipt, read_receipt, receipt_in
from handlers import commands, follow_up, forgetting, removing, report, sent, sound
from handlers.moves import stay
from handlers.screens import DROP_ALL, show

# After so many seconds away, a person is asked whether to go on; sooner, the screen just returns.
AWAY_SECONDS = 15 * 60

Receipts = tuple[str, ...]


def fresh(locale: str, facts: Facts) -> Draft:
    """A conversation that has not begun. Its serial starts at random, where an older one hardly
    did; and not by the clock, which would tell when somebody came."""
    return Draft(locale=locale, serial=int.from_bytes(facts.entropy[:4]) % wizard.SERIALS)


def take(draft: Draft, event: Event, facts: Facts, receipts: Receipts = ()) -> Turn:
    """What this event makes of the conversation."""
    turn = sound.released(_take(draft, event, facts, receipts))
    if turn.draft.step == "receipt":
        return turn  # stays as of the moment when it was handed out: its dates count from there
    touched = replace(turn.draft, touched=int(facts.now.timestamp()))
    return Turn(touched, turn.prompts, turn.effects)


def receipts_named(event: Event, receipts: Receipts) -> Receipts:
    """The receipts whose progress the reducer will want to know."""
    match event:
        case Pressed(choice="reports" | forgetting.SURE_ALL) | Command(name="reports"):
            return receipts
        case Pressed(choice=choice) if choice.startswith(_ABOUT_ONE):
            return (_named(choice),)
        case Text(text=text) if (receipt := receipt_in(text)) or looks_like_receipt(text):
            return (receipt or "",)
        case Command(name="status", argument=argument):
            return (read_receipt(argument) or "",)
    return ()


def _take(draft: Draft, event: Event, facts: Facts, receipts: Receipts) -> Turn:
    match event:
        case Pressed():
            return _pressed(draft, event, facts, receipts)
        case Command():
            return _command(draft, event, facts, receipts)
        case Text():
            return _text(draft, event, facts)
        case Opened():
            return _opened(draft, facts, receipts)
        case Unknown():
            return stay(wizard.uncovered(draft), facts, Message(f"help.{draft.step}"))
        case _:
            return _sent(draft, event, facts)


def _sent(draft: Draft, event: Located | Attached | MadeSafe | Refused, facts: Facts) -> Turn:
    match event:
        case Located():
            return sent.located(draft, event, facts)
        case Attached():
            return sent.attached(draft, event, facts)
        case MadeSafe():
            return sent.made_safe(draft, event, facts)
        case Refused():
            return sent.refused(draft, event, facts)


def _text(draft: Draft, event: Text, facts: Facts) -> Turn:
    receipt = receipt_in(event.text)
    if receipt and (draft.step != "description" or read_receipt(event.text)):
        return follow_up.status(draft, facts, receipt)
    if not draft.open and looks_like_receipt(event.text):
        return follow_up.wrong_receipt(draft)
    return sent.wrote(wizard.uncovered(draft), event, facts)


def _opened(draft: Draft, facts: Facts, receipts: Receipts) -> Turn:
    if draft.step == "receipt" and draft.receipt in receipts:
        return commands.menu(draft, facts)  # the page has it; others may be looking on by now
    away = facts.now.timestamp() - draft.touched > AWAY_SECONDS
    if draft.open and away and draft.overlay != "resume":
        return report.resume(draft, facts)
    return stay(draft, facts)


def _command(draft: Draft, event: Command, facts: Facts, receipts: Receipts) -> Turn:
    if event.name == "status":
        return follow_up.status(draft, facts, read_receipt(event.argument) or "")
    if event.name == "reports":
        return follow_up.reports(draft, facts, receipts)
    if event.name == "language":
        return commands.language(draft, facts, event.argument)
    if event.name == "cancel":
        return report.cancel(draft, facts)
    if event.name in ("start", "report") and draft.open:
        return report.resume(draft, facts)
    return _ANYWHERE.get(event.name, commands.menu)(draft, facts)


def _pressed(draft: Draft, event: Pressed, facts: Facts, receipts: Receipts) -> Turn:
    choice = event.choice
    if choice.startswith(_ABOUT_ONE):
        kind = choice.partition(":")[0] + ":"
        return _ONE[kind](draft, facts, _named(choice))
    if choice in _ALL:
        return _ALL[choice](draft, facts, receipts)
    if choice in ("guide", "privacy", forgetting.ASK_ALL):
        return _ANYWHERE[choice](draft, facts)
    stale = event.serial is not None and event.serial != draft.serial
    if stale and not _timeless(draft, choice):
        return stay(draft, facts)
    return _chosen(draft, choice, facts)


def _chosen(draft: Draft, choice: str, facts: Facts) -> Turn:
    """A choice of the screen that the person is looking at."""
    if draft.overlay:
        return _answered(draft, choice, facts)
    if choice in _MENU_CHOICES:
        return _ANYWHERE[choice](draft, facts)
    if choice == "language":
        return commands.language(draft, facts)
    return report.pressed(draft, choice, facts)


def _timeless(draft: Draft, choice: str) -> bool:
    """Choices that mean the same however old their button is, as long as no report is open."""
    return not draft.open and choice in ("report", "menu", "language")


def _answered(draft: Draft, choice: str, facts: Facts) -> Turn:
    """The answer to a question asked on top of the conversation."""
    if choice in ("go_on", "cancel:no", "menu"):
        return stay(wizard.uncovered(draft), facts)
    if draft.overlay == "sound" and choice in (sound.DROP, sound.KEEP):
        return sound.answered(draft, choice, facts)
    if draft.overlay == "remove" and choice.startswith(DROP_ALL):
        return removing.removed(draft, choice, facts)
    if draft.overlay == "language" and choice.startswith("locale:"):
        return commands.language(draft, facts, choice.removeprefix("locale:"))
    return _given_up(draft, choice, facts)


def _given_up(draft: Draft, choice: str, facts: Facts) -> Turn:
    """The answer that the report is not to go on; what answers nothing shows the question again."""
    match draft.overlay, choice:
        case "cancel", "cancel:yes":
            return report.abandon(wizard.uncovered(draft), facts)
        case "resume", "anew":
            return stay(wizard.asking(draft, "anew"), facts)
        case "anew", "anew:yes":
            begun = report.begin(wizard.uncovered(draft), facts)
            return replace(begun, effects=report.discarded(draft))
    return stay(draft, facts)


def _report(draft: Draft, facts: Facts) -> Turn:
    return stay(draft, facts) if draft.open else report.begin(draft, facts)


def _named(choice: str) -> str:
    """The receipt in a choice that is about one report; empty if it is none."""
    return read_receipt(choice.partition(":")[2]) or ""


_ONE: dict[str, Callable[[Draft, Facts, str], Turn]] = {
    "status:": follow_up.status,
    forgetting.ASK: forgetting.ask,
    forgetting.SURE: forgetting.forget,
}
_ABOUT_ONE = tuple(_ONE)
_ALL: dict[str, Callable[[Draft, Facts, Receipts], Turn]] = {
    "reports": follow_up.reports,
    forgetting.SURE_ALL: forgetting.forget_all,
}
_ANYWHERE: dict[str, Callable[[Draft, Facts], Turn]] = {
    "report": _report,
    "menu": commands.menu,
    "go_on": commands.menu,
    "start": commands.menu,
    "help": commands.guide,
    "guide": commands.guide,
    "privacy": commands.privacy,
    forgetting.ASK_ALL: forgetting.ask_all,
}
_MENU_CHOICES = ("report", "menu", "go_on")

__all__ = ["fresh", "receipts_named", "show", "take"]
