"""One line an event on standard error, plain or JSON; never anything about a report."""

import logging
import sys
from collections.abc import Mapping, Sequence

import structlog
from structlog.typing import Processor

from desk.settings import LogFormat

# Tracebacks without the values of variables: those may be somebody's words.
_RENDERERS: Mapping[LogFormat, Sequence[Processor]] = {
    "plain": [
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    ],
    "json": [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
}


def set_up_logs(form: LogFormat) -> None:
    """Call once at the start; the libraries' own lines are kept to warnings."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            *_RENDERERS[form],
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
