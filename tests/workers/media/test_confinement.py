"""What a decoding process that was taken over could and could not do, tried from inside of one."""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workers.media.limits import MEMORY, OPEN_FILES

ROOT = Path(__file__).parents[3]

ATTEMPTS = """
import ctypes, json, os, resource, socket, sys
from workers.media.confinement import allow_seconds, confine

secret = sys.argv[1]

def outcome(attempt):
    try:
        attempt()
    except BaseException as error:
        return type(error).__name__
    return "done"

held = sorted(confine())
print(json.dumps({
    "held": held,
    "socket": outcome(lambda: socket.socket()),
    "socketpair": outcome(lambda: socket.socketpair()),
    "programme": outcome(lambda: os.execv("/bin/true", ["true"])),
    "kill": outcome(lambda: os.kill(os.getppid(), 0)),
    "session": outcome(lambda: os.setsid()),
    "secret": outcome(lambda: open(secret).read()),
    "library": outcome(lambda: open(os.__file__).read()),
    "own code": outcome(lambda: open(sys.modules["workers.media.confinement"].__file__).read()),
    "write": outcome(lambda: open("/tmp/never-written", "w").write("x")),
    "memory": outcome(lambda: bytearray(MORE)),
    "some memory": outcome(lambda: bytearray(LESS)),
    "files": outcome(lambda: [os.dup(0) for _ in range(OPEN_FILES)]),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "size": resource.getrlimit(resource.RLIMIT_FSIZE),
}))
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    secret = tmp_path_factory.mktemp("keys") / "inner.key"
    secret.write_text("secret")
    numbers = {"MORE": MEMORY, "LESS": MEMORY // 2, "OPEN_FILES": OPEN_FILES}
    code = ATTEMPTS
    for name, number in numbers.items():
        code = code.replace(name, str(number))
    ran = python(code, str(secret))
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_limits_hold_everywhere(attempts: dict[str, Any]) -> None:
    assert attempts["memory"] == "MemoryError"
    assert attempts["some memory"] == "done"
    assert attempts["files"] == "OSError"
    assert attempts["core"] == attempts["size"] == [0, 0]
    assert attempts["write"] in ("OSError", "PermissionError")


def test_calls_are_refused_on_the_machines_that_we_support(attempts: dict[str, Any]) -> None:
    assert platform.machine() in ("x86_64", "aarch64")
    assert "calls" in attempts["held"]
    for refused in ("socket", "socketpair", "programme", "kill", "session"):
        assert attempts[refused] == "PermissionError", refused


def test_files_are_out_of_reach_exactly_where_the_kernel_has_landlock(
    attempts: dict[str, Any],
) -> None:
    has_landlock = "files" in attempts["held"]
    assert attempts["secret"] == ("PermissionError" if has_landlock else "done")
    assert attempts["library"] == attempts["own code"] == "done"


def test_processor_time_has_a_limit() -> None:
    spinning = (
        "from workers.media.confinement import allow_seconds\nallow_seconds(0)\nwhile True: pass"
    )
    assert python(spinning).returncode == -24  # SIGXCPU
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert used.ru_utime > 0


def test_each_file_gets_its_own_processor_time() -> None:
    code = """
import time
from workers.media.confinement import allow_seconds
for _ in range(3):
    allow_seconds(1)
    until = time.process_time() + 0.7
    while time.process_time() < until: pass
"""
    assert python(code).returncode == 0


def test_the_decoder_imports_nothing_that_talks_or_knows_settings() -> None:
    code = """
import sys, workers.media.decoder
print(*sorted({name.split(".")[0] for name in sys.modules} | set(sys.modules)))
"""
    loaded = set(python(code).stdout.split())
    assert "PIL" in loaded
    apart = {"aiogram", "aiohttp", "redis", "rq", "asyncio", "config", "dotenv", "pydantic"}
    later = {"av", "pillow_heif", "workers.media.videos", "workers.media.heif"}
    assert loaded.isdisjoint(apart | later | {"bot.store", "bot.channels", "bot.vault"})
