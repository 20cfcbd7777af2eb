"""Which step comes next: a walk over the form with no history to go wrong.

*Back* is the step before in the form's order, *edit* jumps and returns to the summary, and answers
that came out of order are simply steps that need no asking any more.
"""

from __future__ import annotations

from dataclasses import replace

from bot.core.dialogue import Draft
from bot.core.form import STEPS, Form
from bot.core.report import Answers

SERIALS = 36**3


def applicable(step: str, answers: Answers, form: Form) -> bool:
    """Whether this step makes sense with the answers so far."""
    if step == "hazard":
        category = form.category(answers.category)
        return category is not None and bool(category.hazards)
    return True


def answered(step: str, answers: Answers) -> bool:
    """Whether this step needs no asking any more."""
    match step:
        case "category":
            return answers.category is not None
        case "hazard":
            return answers.hazard is not None
        case "location":
            return answers.place is not None
        case "media":
            return answers.media_done
        case "description":
            return bool(answers.description) or (
                answers.description_done and may_skip("description", answers)
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


def advance(draft: Draft, form: Form) -> Draft:
    """After an answer: the next step still open, at the end the summary."""
    order = STEPS if draft.editing or draft.step not in STEPS else _from(draft.step)
    waiting = (
        step
        for step in order
        if applicable(step, draft.answers, form) and not answered(step, draft.answers)
    )
    step = next(waiting, "summary")
    return at(draft, step, editing=draft.editing and step != "summary")


def back(draft: Draft, form: Form) -> Draft:
    """The step before; from an edit, the summary; the first step stays where it is."""
    if draft.editing and complete(draft.answers, form):
        return at(draft, "summary")
    here = STEPS.index(draft.step) if draft.step in STEPS else len(STEPS)
    earlier = (step for step in reversed(STEPS[:here]) if applicable(step, draft.answers, form))
    return at(draft, next(earlier, draft.step))


def complete(answers: Answers, form: Form) -> bool:
    """Whether nothing is left to ask."""
    return all(answered(step, answers) or not applicable(step, answers, form) for step in STEPS)


def _from(step: str) -> tuple[str, ...]:
    here = STEPS.index(step)
    return STEPS[here + 1 :] + STEPS[: here + 1]
