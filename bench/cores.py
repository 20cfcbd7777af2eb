"""Puts what is measured on one core and everything that loads it on the other.

A process pinned to one core has the CPU time of that core and no more, so that "updates a second
on one core" means the same for each of those who are compared.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.error import URLError
from urllib.request import urlopen

READY_SECONDS = 60
_PR_SET_PDEATHSIG = 1
_CORES = sorted(os.sched_getaffinity(0))
MEASURED = _CORES[0]
LOAD = _CORES[-1]


def pin(core: int) -> None:
    """Keep this process, and what it starts from now on, on one core."""
    os.sched_setaffinity(0, {core})


@contextmanager
def running(
    command: Sequence[str],
    core: int | None = None,
    env: Mapping[str, str] | None = None,
    stdout: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A child process, on `core` or on all of them; it is ended with the block."""
    child = subprocess.Popen(
        command,
        env={**os.environ, **(env or {})},
        stdout=stdout,
        preexec_fn=lambda: _settle(_CORES if core is None else [core]),
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _settle(cores: Sequence[int]) -> None:
    """In the child: stay on these cores, and end with the benchmark however that ends."""
    os.sched_setaffinity(0, cores)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextmanager
def serving(
    name: str, port: int, env: Mapping[str, str] | None = None, core: int = MEASURED
) -> Iterator[subprocess.Popen[bytes]]:
    """One of the servers of `bench.servers`, listening."""
    command = [sys.executable, "-m", "bench.servers", name, str(port)]
    with running(command, core, env) as process:
        await_answer(f"http://127.0.0.1:{port}/healthz", process)
        yield process


def await_answer(url: str, process: subprocess.Popen[bytes]) -> str:
    """Wait until there is an answer of 200, and what it says. Raises `TimeoutError`."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(url, timeout=2) as answer:
                return str(answer.read().decode())
        except (URLError, OSError):
            time.sleep(0.02)
    raise TimeoutError(f"nothing answers at {url}")


def cpu_seconds(process: int) -> float:
    """CPU time that a process has used, in user and system mode, to the nanosecond.

    By the kernel's own clock of that process: /proc counts in hundredths of a second, and a round
    of the quickest peer takes five of them.
    """
    clock = ctypes.c_int()
    if error := ctypes.CDLL(None).clock_getcpuclockid(process, ctypes.byref(clock)):
        raise OSError(error, os.strerror(error))
    return time.clock_gettime(clock.value)
