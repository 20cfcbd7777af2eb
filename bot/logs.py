"""Logs for every process: plain lines or JSON, never anything about a person.

Our own events carry names and numbers only. Libraries below WARNING are silent, because at finer
levels they print updates, addresses and jobs; web servers log no requests. Above it they are heard,
but not in their own words, which quote network addresses, callbacks and what an exception says.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Bot tokens and webhook secrets that a library may put into an error's text.
_SECRETS = re.compile(r"\d{3,}:[A-Za-z0-9_-]{20,}|whsec_[A-Za-z0-9+/=]+|api_key=[^&\s]+")
_OURS = ("bot", "workers", "desk", "__main__")
_LIBRARIES = ("aiogram", "aiohttp", "rq", "redis", "asyncio", "PIL", "hpack")


def configure_logs(style: str, level: str, role: str) -> None:
    """Set up logging for this process; `style` is ``plain`` or ``json``."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(role),
        _without_secrets,
    ]
    writer: Any = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    threshold = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[*shared, writer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _libraries(threshold, shared, writer)


def _libraries(threshold: int, shared: list[Any], writer: Any) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            pass_foreign_args=True,
            processors=[
                _in_our_words,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                writer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.CRITICAL)


def _named(role: str) -> Any:
    def add(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["role"] = role
        return event

    return add


def _without_secrets(
    _: object, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _SECRETS.sub("…", value)
    return event


def _in_our_words(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Of a library's record: who says it and where, its words before anything was filled in, and
    the kind of what was raised. Words with nothing to fill in may be filled in already.
    """
    record: logging.LogRecord = event["_record"]
    raised = event.pop("exc_info", None)
    if isinstance(raised, tuple) and raised[0] is not None:
        event["error"] = raised[0].__name__
    filled_in = event.pop("positional_args", ())
    if record.name.partition(".")[0] not in _OURS:
        event["event"] = str(record.msg) if filled_in else "library"
        event["at"] = f"{record.name} {record.module}:{record.lineno}"
    return event
