"""Finds the sentences that the code says, without running it.

Counted are the ids in ``Message(…)``, f-strings among them with everything that can fill them, what
an error tells (``told``), and strings of any table that read like an id of a known section.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from bot.channels.registry import CHANNELS
from bot.core.form import STEPS
from bot.core.status import SILENT, STATUSES
from config.form import FORM_FILE

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "handlers", "workers")
SCREENS = ("menu", *STEPS, "summary", "receipt")
PROMISES = (("accept", "verify", "feedback"), ("kept", "due", "missed", "late"))
REFUSALS = (
    "too_large",
    "too_many_pixels",
    "unsupported",
    "broken",
    "too_slow",
    "no_picture",
    "gone",
)
TELEGRAM = ("receipt_tag", "position_hint", "private_only", "failed", "one_moment")
COMMANDS = ("report", "reports", "guide", "privacy", "forget", "language", "cancel")
# Said by the catalogues themselves: how a language writes dates and numbers.
ALWAYS = frozenset({"format.day", "format.moment", "format.number"})

_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+|plain|none")


@dataclass
class Usage:
    """What the code says: ids, the blanks it fills where that can be seen, and the f-strings that
    nothing here knows how to fill.
    """

    used: set[str] = field(default_factory=set)
    filled: dict[str, frozenset[str]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)


def read_usage(sections: Set[str], root: Path = ROOT) -> Usage:
    """The usage of the gateway's code under `root`; `sections` are the first parts of ids that
    strings in tables may have.
    """
    patterns = known_patterns()
    usage = Usage(used=set(ALWAYS) | patterns["notice.{}"] | patterns["hazard.{}"])
    files = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    for tree in (ast.parse(path.read_text("utf-8")) for path in files):
        for name, filled in _said(tree):
            _count(usage, name, filled, patterns)
        usage.used |= {name for name in _strings(tree) if name.partition(".")[0] in sections}
    return usage


def known_patterns() -> dict[str, set[str]]:
    """Everything that each f-string of an id can become."""
    categories = tomllib.loads(FORM_FILE.read_text("utf-8"))["category"]
    return {
        "hazard.{}": {f"hazard.{one['code']}" for one in categories},
        "hazard.{}.{}": {
            f"hazard.{one['code']}.{hazard}" for one in categories for hazard in one["hazards"]
        },
        "help.{}": {f"help.{screen}" for screen in SCREENS},
        "edit.{}": {f"edit.{step}" for step in STEPS if step != "hazard"},
        "notice.{}": {f"notice.{status}" for status in STATUSES if status not in SILENT},
        "status.name.{}": {f"status.name.{status}" for status in ("waiting", *STATUSES)},
        "promise.{}.{}": {f"promise.{name}.{state}" for name, state in product(*PROMISES)},
        "media.refused.{}": {f"media.refused.{reason}" for reason in REFUSALS},
        "reports.hint.{}": {f"reports.hint.{channel}" for channel in CHANNELS},
        "forget.transcript.{}": {f"forget.transcript.{channel}" for channel in CHANNELS},
        "telegram.{}": {f"telegram.{name}" for name in TELEGRAM}
        | {f"telegram.command.{name}" for name in COMMANDS},
    }


def _count(
    usage: Usage, name: str, filled: frozenset[str] | None, patterns: Mapping[str, set[str]]
) -> None:
    ids = _expanded(name, patterns) if "{}" in name else {name}
    if not ids:
        usage.unknown.add(name)
    for one in ids:
        usage.used.add(one)
        if filled is not None:
            usage.filled[one] = usage.filled.get(one, filled) & filled


def _expanded(name: str, patterns: Mapping[str, set[str]]) -> set[str]:
    """What an f-string can become: a known one as listed, else a part of one (``a.{}.c``)."""
    if name in patterns:
        return patterns[name]
    shape = re.compile("[^.]+".join(map(re.escape, name.split("{}"))))
    return {one for known in patterns.values() for one in known if shape.fullmatch(one)}


def _said(tree: ast.AST) -> Iterator[tuple[str, frozenset[str] | None]]:
    """Ids and f-strings that are said, each with the blanks that are filled in, if visible."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "Message" and node.args:
            for name in _names(node.args[0]):
                yield name, _filled(node)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and _tells(node):
            for name in _names(node.value):
                yield name, frozenset()


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _tells(node: ast.Assign | ast.AnnAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(getattr(target, "attr", getattr(target, "id", "")) == "told" for target in targets)


def _names(node: ast.expr) -> Iterator[str]:
    """The ids that an expression can be: a string, an f-string with ``{}``, or either of two."""
    match node:
        case ast.Constant(value=str(name)):
            yield name
        case ast.JoinedStr(values=parts):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts
            )
        case ast.IfExp(body=first, orelse=second):
            yield from _names(first)
            yield from _names(second)


def _filled(call: ast.Call) -> frozenset[str] | None:
    given = {word.arg: word.value for word in call.keywords}
    counted = {"count"} if "count" in given else set()
    values = call.args[1] if len(call.args) > 1 else given.get("values", ast.Dict([], []))
    if not isinstance(values, ast.Dict):
        return None
    keys = {str(key.value) for key in values.keys if isinstance(key, ast.Constant)}
    return frozenset(keys | counted)


def _strings(tree: ast.AST) -> Iterator[str]:
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return (one for one in constants if isinstance(one, str) and _ID.fullmatch(one))
