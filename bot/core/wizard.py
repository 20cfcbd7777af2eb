"""Which step comes next: a walk over the form with no history to go wrong.

*Back* is the step before in the form's order, *edit* jumps and returns to the summary, and answers
that came out of order are simply steps that need no asking any more.
"""

from __future__ import annotations

from msgspec.structs import replace

from bot.core.dialogue import Draft, Overlay
from bot.core.form import STEPS, Form
from bot.core.report import Answers

SERIALS = 36**3


def applicable(step: str, answers: Answers, form: Form) -> bool:
    """Whether this step makes sense with the answers so far."""
    if step == "hazard":
        category = form.category(answers.category)
        return category is not None and bool(category.hazards)
    return True


def answered(step: str, answers: Answers, form: Form) -> bool:
    """Whether this step needs no asking any more; what a changed form lacks is no answer."""
    category = form.category(answers.category)
    match step:
        case "category":
            return category is not None
        case "hazard":
            return category is not None and answers.hazard in category.hazards
        case "location":
            return answers.place is not None
        case "media":
            return answers.media_done
        case "description":
            return answers.description_done and (
                bool(answers.description) or may_skip("description", answers)
            )
        case _:
            return answers.danger is not None


def may_skip(step: str, answers: Answers) -> bool:
    """Pictures may be skipped; words may be skipped when a picture speaks."""
    return (step == "media" and not answers.media) or (
        step == "description" and bool(answers.media)
    )


def at(draft: Draft, step: str, *, editing: bool = False) -> Draft:
    """The draft at another screen, with a new serial so that older buttons are known as old."""
    return replace(
        draft, step=step, overlay="", editing=editing, serial=(draft.serial + 1) % SERIALS
    )


def begun(draft: Draft) -> Draft:
    """A new report at its first step, with the words that were written at the menu."""
    kept = draft.answers if draft.step == "menu" else Answers()
    return at(replace(draft, answers=kept, receipt=""), STEPS[0])


def advance(draft: Draft, form: Form) -> Draft:
    """After an answer: the next step still open, at the end the summary."""
    waiting = unanswered(draft.answers, form)
    here = STEPS.index(draft.step) if draft.step in STEPS and not draft.editing else -1
    later = (step for step in waiting if STEPS.index(step) > here)
    step = next(later, next(iter(waiting), "summary"))
    return at(draft, step, editing=draft.editing and step != "summary")


def asking(draft: Draft, overlay: Overlay) -> Draft:
    """The draft with a question on top of it."""
    return replace(at(draft, draft.step, editing=draft.editing), overlay=overlay)


def uncovered(draft: Draft) -> Draft:
    """The draft without the question on top of it: its own screen comes back, or the question about
    sound that had been covered.
    """
    if draft.held and draft.overlay not in ("", "sound"):
        return asking(draft, "sound")
    return at(draft, draft.step, editing=draft.editing) if draft.overlay else draft


def back(draft: Draft, form: Form) -> Draft:
    """The step before; from an edit, the summary; the first step stays where it is."""
    if draft.editing:
        return _back_from_edit(draft, form)
    return at(draft, _before(draft, form))


def _back_from_edit(draft: Draft, form: Form) -> Draft:
    """To the summary; while an answer is missing, to its step, and from that step one back."""
    missing = next(iter(unanswered(draft.answers, form)), "summary")
    step = _before(draft, form) if missing == draft.step else missing
    return at(draft, step, editing=step != "summary")


def _before(draft: Draft, form: Form) -> str:
    here = STEPS.index(draft.step) if draft.step in STEPS else len(STEPS)
    earlier = (step for step in reversed(STEPS[:here]) if applicable(step, draft.answers, form))
    return next(earlier, draft.step)


def unanswered(answers: Answers, form: Form) -> tuple[str, ...]:
    """The steps that are still to be asked, in the form's order."""
    return tuple(
        step
        for step in STEPS
        if applicable(step, answers, form) and not answered(step, answers, form)
    )


def complete(answers: Answers, form: Form) -> bool:
    """Whether nothing is left to ask."""
    return not unanswered(answers, form)
