"""The menu and what stands beside a report: guide, privacy, language."""

from __future__ import annotations

from msgspec.structs import replace

from bot.core import wizard
from bot.core.dialogue import Draft, Facts, Message, Turn
from handlers.forgetting import BUTTON_ALL
from handlers.moves import stay
from handlers.screens import aside

GUIDE = ("guide.title", "guide.steps", "guide.good", "guide.danger", "guide.reward")
PRIVACY = (
    "privacy.kept",
    "privacy.sealed",
    "privacy.pictures",
    "privacy.erased",
    "privacy.messenger",
)


def menu(draft: Draft, facts: Facts) -> Turn:
    """The menu; an open report is shown where it stands instead, nothing is given up silently."""
    if draft.open:
        return stay(wizard.uncovered(draft), facts)
    return stay(wizard.at(replace(draft, receipt=""), "menu"), facts)


def guide(draft: Draft, facts: Facts) -> Turn:
    """How to report, in five sentences."""
    return aside(draft, "guide", [Message(line) for line in GUIDE])


def privacy(draft: Draft, facts: Facts) -> Turn:
    """What is kept and what is not, the messenger's own knowledge included."""
    blanks = {"days": facts.form.vault_days}
    lines = [Message(line, blanks if line == "privacy.erased" else {}) for line in PRIVACY]
    return aside(draft, "privacy", lines, ((BUTTON_ALL,),))


def language(draft: Draft, facts: Facts, wanted: str = "") -> Turn:
    """Change the language; with no language named, ask which."""
    if wanted in dict(facts.locales):
        spoken = replace(draft, locale=wanted)
        if draft.held:
            return stay(wizard.asking(spoken, "sound"), facts)
        return stay(wizard.at(spoken, draft.step, editing=draft.editing), facts)
    return stay(wizard.asking(draft, "language"), facts)
