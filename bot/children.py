"""Processes of ours that end with this one, and are started again when they end by themselves."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

RESTART_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Child:
    """One process of ours."""

    name: str
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start it, for the first time or again."""
        self.process = _popen(self.command, self.environment)
        self.started = time.monotonic()

    @property
    def ended(self) -> bool:
        """Whether it ended."""
        return self.process.poll() is not None

    @property
    def just_started(self) -> bool:
        """Whether it is too soon to start it again."""
        return time.monotonic() - self.started < RESTART_SECONDS

    def again(self) -> None:
        """Start it again and say so, unless that is too soon."""
        if self.just_started:
            return
        print(f"The {self.name} process ended; starting it again.", file=sys.stderr, flush=True)
        self.start()


def end(children: list[Child], seconds: float) -> None:
    """SIGTERM to all, then wait; SIGKILL for what does not end in so many seconds."""
    for child in children:
        if not child.ended:
            child.process.terminate()
    until = time.monotonic() + seconds
    for child in children:
        try:
            child.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()


def _popen(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A child in a session of its own, so that Ctrl-C reaches the supervisor alone."""
    return subprocess.Popen(  # noqa: S603 - the commands are our own
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads
    )


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
