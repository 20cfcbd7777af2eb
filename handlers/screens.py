"""What each screen of the conversation says and offers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.core.dialogue import Accepted, Choice, Draft, Facts, Message, Prompt, Turn
from bot.core.form import STEPS
from bot.core.report import Answers, Place
from bot.core.status import deadlines
from bot.core.wizard import complete, may_skip

Rows = tuple[tuple[Choice, ...], ...]

MENU: Rows = (
    (Choice("report", Message("menu.report")),),
    (Choice("reports", Message("menu.reports")), Choice("guide", Message("menu.guide"))),
    (Choice("privacy", Message("menu.privacy")), Choice("language", Message("menu.language"))),
)
TO_MENU = Choice("menu", Message("menu.back"))
GO_ON = Choice("go_on", Message("resume.go_on"))
CANCEL = Choice("cancel", Message("action.cancel"))
NOT_GIVEN_UP = Choice("cancel:no", Message("cancel.no"))
DROP_ALL, DROP_ONE = "drop", "drop:"
_REMOVED_IN_A_ROW = 3
# A hazard is edited through its category.
EDITED = tuple(step for step in STEPS if step != "hazard")
_ANYTHING: tuple[Accepted, ...] = ("text", "position", "media")


def show(draft: Draft, facts: Facts, notes: Sequence[Message] = ()) -> Prompt:
    """The screen that the draft stands at, with `notes` above it."""
    screen, lines, rows, accepts = _screen(draft, facts)
    shows_media = screen in ("media", "summary", "remove")
    return Prompt(
        screen=screen,
        lines=(*notes, *lines),
        rows=rows,
        accepts=accepts,
        media=_ready(draft.answers) if shows_media else (),
        serial=draft.serial,
        keep=screen == "receipt",
        receipt=draft.receipt if screen == "receipt" else None,
    )


def aside(draft: Draft, screen: str, lines: Sequence[Message], rows: Rows = ()) -> Turn:
    """A screen beside the draft, which stays as it is; it ends with the way back."""
    way_back = (GO_ON,) if draft.open else (TO_MENU,)
    beside = Prompt(screen, tuple(lines), (*rows, way_back), ("text",), serial=draft.serial)
    return Turn(draft, (beside,))


def label(category: str, hazard: str | None) -> Message:
    """A category, with its hazard where one was chosen."""
    group = Message(f"hazard.{category}")
    if not hazard:
        return group
    return Message(
        "hazard.both", {"category": group, "hazard": Message(f"hazard.{category}.{hazard}")}
    )


def where(place: Place) -> Message:
    """A place in words, in figures, or both."""
    if place.position is None:
        return Message("plain", {"text": place.words})
    figures = f"{place.latitude:.5f}, {place.longitude:.5f}"
    if not place.words:
        return Message("place.position", {"position": figures})
    return Message("place.both", {"words": place.words, "position": figures})


_Screen = tuple[str, tuple[Message, ...], Rows, tuple[Accepted, ...]]


def _screen(draft: Draft, facts: Facts) -> _Screen:
    if draft.overlay:
        return _overlay(draft, facts)
    match draft.step:
        case "menu":
            kept = Message("start.privacy", {"days": facts.form.vault_days})
            return "menu", (Message("start.welcome"), kept), MENU, _ANYTHING
        case "receipt":
            return _receipt(draft, facts)
        case "summary":
            return _summary(draft, facts)
        case step:
            lines, rows, accepts = _STEPS[step](draft, facts)
            return step, lines, (*rows, _controls(draft, step, facts)), accepts


def _overlay(draft: Draft, facts: Facts) -> _Screen:
    if draft.overlay == "cancel":
        answers = (Choice("cancel:yes", Message("cancel.yes")), NOT_GIVEN_UP)
        return "cancel", (Message("cancel.ask"),), (answers,), ()
    if draft.overlay == "anew":
        answers = (Choice("anew:yes", Message("anew.yes")), NOT_GIVEN_UP)
        return "anew", (Message("anew.ask"),), (answers,), ()
    if draft.overlay == "resume":
        again = Choice("anew", Message("resume.anew"))
        return "resume", (Message("resume.ask"),), ((GO_ON,), (again,)), _ANYTHING
    if draft.overlay == "sound":
        answers = (
            Choice("sound:drop", Message("sound.drop")),
            Choice("sound:keep", Message("sound.keep")),
        )
        return "sound", (Message("sound.ask"),), (answers,), _ANYTHING
    if draft.overlay == "remove":
        return "remove", (Message("media.which"),), _removals(draft.answers), _ANYTHING
    names = tuple(
        Choice(f"locale:{code}", Message("plain", {"text": name})) for code, name in facts.locales
    )
    return "language", (Message("language.ask"),), (names,), ()


def _controls(draft: Draft, step: str, facts: Facts) -> tuple[Choice, ...]:
    home = draft.editing and complete(draft.answers, facts.form)
    if step == "category" and not home:
        return (CANCEL,)
    return Choice("back", Message("action.to_summary" if home else "action.back")), CANCEL


_Step = tuple[tuple[Message, ...], Rows, tuple[Accepted, ...]]


def _category(draft: Draft, facts: Facts) -> _Step:
    choices = [Choice(one.code, Message(f"hazard.{one.code}")) for one in facts.form.categories]
    return (Message("category.ask"),), _pairs(choices), _ANYTHING


def _hazard(draft: Draft, facts: Facts) -> _Step:
    category = facts.form.category(draft.answers.category)
    if category is None:
        return _category(draft, facts)
    choices = [Choice(one, Message(f"hazard.{category.code}.{one}")) for one in category.hazards]
    asked = Message("hazard.ask", {"category": Message(f"hazard.{category.code}")})
    return (asked,), _pairs(choices), _ANYTHING


def _location(draft: Draft, facts: Facts) -> _Step:
    lines = [Message("location.ask")]
    rows: list[tuple[Choice, ...]] = [
        (Choice("position", Message("location.device"), kind="position"),)
    ]
    if draft.answers.place:
        lines.append(Message("location.now", {"place": where(draft.answers.place)}))
    if draft.answers.offered:
        lines.append(Message("location.found", {"place": where(draft.answers.offered)}))
        rows.append((Choice("offered", Message("location.use_found")),))
    if draft.answers.place and not draft.editing:
        rows.append((Choice("keep", Message("location.keep")),))
    return tuple(lines), tuple(rows), _ANYTHING


def _media(draft: Draft, facts: Facts) -> _Step:
    answers, most = draft.answers, facts.form.media_most
    if not answers.media:
        skip = Choice("skip", Message("media.skip"))
        return (Message("media.ask", {"most": most}),), ((skip,),), ("media", "text")
    done, remove = Choice("done", Message("media.done")), Choice("remove", Message("media.remove"))
    lines = [*_counted(answers)]
    full = len(answers.media) >= most
    lines.append(Message("media.full" if full else "media.more", {"most": most}))
    return tuple(lines), ((done,), (remove,)), ("media", "text")


def _removals(answers: Answers) -> Rows:
    """A button for each picture, with the picture itself where it is safe to be seen."""
    ready = _ready(answers)
    each = [
        Choice(
            f"{DROP_ONE}{one.id}",
            Message("media.drop", {"number": number}),
            media=one.id if one.id in ready else None,
        )
        for number, one in enumerate(answers.media, 1)
    ]
    everything = (Choice(DROP_ALL, Message("media.drop_all")),)
    rest = (everything,) if len(each) > 1 else ()
    return (*_rows(each, _REMOVED_IN_A_ROW), *rest, (Choice("go_on", Message("media.keep")),))


def _description(draft: Draft, facts: Facts) -> _Step:
    answers = draft.answers
    lines = [Message("description.ask", {"most": facts.form.description_most})]
    rows: list[tuple[Choice, ...]] = []
    if answers.description:
        lines.append(Message("description.now", {"text": answers.description}))
        rows.append((Choice("keep", Message("description.keep")),))
    elif may_skip("description", answers):
        rows.append((Choice("skip", Message("description.skip")),))
    else:
        lines.append(Message("description.needed"))
    return tuple(lines), tuple(rows), ("text", "media")


def _danger(draft: Draft, facts: Facts) -> _Step:
    choices = (
        Choice("danger:yes", Message("danger.yes")),
        Choice("danger:no", Message("danger.no")),
    )
    return (Message("danger.ask"),), (choices,), _ANYTHING


_STEPS = {
    "category": _category,
    "hazard": _hazard,
    "location": _location,
    "media": _media,
    "description": _description,
    "danger": _danger,
}


def _summary(draft: Draft, facts: Facts) -> _Screen:
    answers = draft.answers
    assert answers.category and answers.place
    lines = [
        Message("summary.title"),
        Message("summary.category", {"category": label(answers.category, answers.hazard)}),
        Message("summary.location", {"place": where(answers.place)}),
        Message("summary.media", {"media": _pieces(answers)}),
        Message("summary.description", {"text": _described(answers)}),
        Message("summary.danger", {"danger": _dangerous(answers)}),
    ]
    if any(one.state == "pending" for one in answers.media):
        lines.append(Message("media.pending"))
    edits = [Choice(f"edit:{step}", Message(f"edit.{step}")) for step in EDITED]
    rows: list[tuple[Choice, ...]] = [(Choice("submit", Message("summary.submit")),)]
    if answers.offered and answers.place.position is None:
        lines.append(Message("location.found", {"place": where(answers.offered)}))
        rows.append((Choice("offered", Message("location.use_found")),))
    rows += [*_pairs(edits), (Choice("back", Message("action.back")), CANCEL)]
    return "summary", tuple(lines), tuple(rows), ("media", "position")


def _receipt(draft: Draft, facts: Facts) -> _Screen:
    # Whoever holds a receipt was last moved when it was handed out; see `conversation.take`.
    handed_out = datetime.fromtimestamp(draft.touched, facts.form.timezone)
    until = deadlines(handed_out, facts.form.timezone)
    lines = (
        Message("receipt.thanks"),
        Message("receipt.code", {"receipt": draft.receipt}),
        Message("receipt.keep"),
        Message(
            "receipt.next",
            {"accept": until.accept, "verify": until.verify, "feedback": until.feedback},
        ),
    )
    return "receipt", lines, ((status_of(draft),), (TO_MENU,)), _ANYTHING


def status_of(draft: Draft) -> Choice:
    """The button that shows what became of the report whose receipt the draft holds."""
    return Choice(f"status:{draft.receipt}", Message("receipt.status"))


def _pairs(choices: Sequence[Choice]) -> Rows:
    return _rows(choices, 2)


def _rows(choices: Sequence[Choice], width: int) -> Rows:
    return tuple(tuple(choices[start : start + width]) for start in range(0, len(choices), width))


def _ready(answers: Answers) -> tuple[str, ...]:
    return tuple(one.id for one in answers.media if one.state == "ready")


def _counted(answers: Answers) -> list[Message]:
    waiting = len(answers.media) - len(_ready(answers))
    lines = [Message("media.have", {"count": len(answers.media)}, count=len(answers.media))]
    if waiting:
        lines.append(Message("media.checking", {"count": waiting}, count=waiting))
    return lines


def _pieces(answers: Answers) -> Message:
    count = len(answers.media)
    return Message("media.pieces", {"count": count}, count=count) if count else Message("none")


def _described(answers: Answers) -> Message:
    return (
        Message("plain", {"text": answers.description}) if answers.description else Message("none")
    )


def _dangerous(answers: Answers) -> Message:
    return Message("danger.yes" if answers.danger else "danger.no")
