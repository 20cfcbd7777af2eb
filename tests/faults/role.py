"""A process of ours on the stage."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.whole.programme import ROOT


class Role:
    """One process of ours, to be killed, stopped and started again."""

    def __init__(self, words: list[str], environment: Mapping[str, str], output: Path) -> None:
        self._words = words
        self._environment = dict(environment)
        self.output = output
        self.process: subprocess.Popen[bytes] | None = None
        # Whether the row alone starts it.
        self.held = False
        # How it ended, each time that it was started again.
        self.ends: list[int] = []

    def start(self, **settings: str) -> None:
        """Start it; it is ready when whoever waits for it says so."""
        self.held = False
        if self.process is not None:
            self.ends.append(self.process.wait())
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self._words],
                env=self._environment | settings,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        """SIGKILL, with all that it started; it stays so until it is started again."""
        self.held = True
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    @property
    def runs(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def said(self) -> str:
        """All that it ever printed."""
        return self.output.read_text() if self.output.exists() else ""
