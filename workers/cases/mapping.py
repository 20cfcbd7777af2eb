"""From a report to what a case system is told: the city's words and codes, and coarse time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Literal

from bot.core.dialogue import Message
from bot.core.errors import CaseRefused
from bot.core.form import Form
from bot.core.report import Report
from workers.cases.contract import Submission

Grain = Literal["hour", "day"]


def submission(
    report: Report,
    form: Form,
    say: Callable[[str, Message], str],
    links: tuple[str, ...],
    locale: str,
    *,
    to_the: Grain,
) -> Submission:
    """The report as a case system gets it; `say` takes a locale and a sentence.

    Raises `CaseRefused` where the form has lost the report's category since.
    """
    category = form.category(report.category)
    if category is None:
        raise CaseRefused(f"config/form.toml has no category {report.category!r} any more")
    return Submission(
        report=report,
        service_code=category.service_code,
        hazard=say(locale, _hazard(report)),
        requested_at=coarse(report.submitted_at, to_the, form.timezone),
        media_links=links,
    )


def coarse(moment: datetime, to_the: Grain, zone: tzinfo) -> datetime:
    """The hour or the city's day in which it was: the exact time could be matched with who was
    where.
    """
    there = moment.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    return (there if to_the == "hour" else there.replace(hour=0)).astimezone(UTC)


def _hazard(report: Report) -> Message:
    """The hazard alone: the service code says the category."""
    code = f"{report.category}.{report.hazard}" if report.hazard else report.category
    return Message(f"hazard.{code}")
