"""The case systems that reports can go to, and the one that the settings name."""

from __future__ import annotations

from config.settings import Settings
from workers.cases.contract import CaseSystem, Tokens
from workers.cases.open311 import Open311
from workers.cases.webhook import Webhook

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared with, not bound to


def connect(settings: Settings, tokens: Tokens) -> CaseSystem:
    """The case system of ``CASE_SYSTEM``. Raises `SettingRefused`; connects to nothing yet."""
    if settings.case_system == "webhook":
        return Webhook(settings)
    if settings.case_system == "desk" and not settings.open311_url:
        return Open311(settings.model_copy(update={"open311_url": _desk(settings)}), tokens)
    return Open311(settings, tokens)


def _desk(settings: Settings) -> str:
    host = settings.desk_host
    host = _EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{settings.desk_port}/open311/v2"
