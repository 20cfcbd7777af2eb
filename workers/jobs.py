"""The only functions that an rq job may name: each answers one bell."""

from __future__ import annotations

from workers import runtime


def push() -> None:
    """Open cases."""
    runtime.answer("push")


def media() -> None:
    """Fetch what was sent and make it safe."""
    runtime.answer("media")


def notices() -> None:
    """Open outer layers."""
    runtime.answer("notices")


def delivery() -> None:
    """Bring notices to people."""
    runtime.answer("delivery")
