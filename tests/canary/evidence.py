"""All that is left of a run: files, the store in every form, logs, titles, metrics, memory."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from redis import Redis
from redis.exceptions import ResponseError

from bot import valkey
from bot.store.erasure import ERASED, REWRITTEN
from tests.whole.programme import Programme

# Who must not have seen an identity, not even for a moment. The bot and the media and delivery
# workers have to.
BLIND = ("desk", "push", "notices")
_READS: dict[bytes | str, tuple[str, ...]] = {
    b"string": ("GET",),
    b"hash": ("HGETALL",),
    b"set": ("SMEMBERS",),
    b"zset": ("ZRANGE", "0", "-1"),
    b"list": ("LRANGE", "0", "-1"),
}
WAIT_SECONDS = 60
_REGION = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw")


def address_of(programme: Programme) -> str:
    """Where the embedded store is, for its operator."""
    data = programme.folder / "data"
    password = (data / "keys" / "store").read_text("utf-8")
    return valkey.address_for(f"unix://{valkey.socket_path(data)}", "operator", password)


def store_of(programme: Programme) -> Redis:
    """The embedded store, as its operator."""
    return Redis.from_url(address_of(programme))


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder: append-only file, dump, desk, media, keys, logs, leftovers."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def store(programme: Programme) -> dict[str, bytes]:
    """Every key and value as the store gives them away, and what it remembers of its clients."""
    found = {}
    with store_of(programme) as client:
        for key in client.scan_iter(count=1000):
            found[f"key {key!r}"] = key + b" " + b" ".join(_values(client, key))
        found["clients"] = repr(client.client_list()).encode()
        found["slow log"] = repr(client.slowlog_get(1000)).encode()
        found["refusals"] = repr(client.acl_log()).encode()
        found["channels"] = repr(client.pubsub_channels()).encode()
        client.save()  # leaves dump.rdb among the files
    return found


def _values(client: Redis, key: bytes) -> Iterator[bytes]:
    yield client.dump(key) or b""
    words = _READS.get(client.type(key), ("TYPE",))
    try:
        read: object = client.execute_command(words[0], key, *words[1:])  # type: ignore[no-untyped-call]
        yield repr(read).encode()
    except ResponseError:  # gone meanwhile
        return


def processes(programme: Programme) -> dict[str, bytes]:
    """What anybody on the machine can read of every process: its command line and its name."""
    return {
        f"title of {one.pid}": " ".join([*one.cmdline(), one.name()]).encode()
        for one in programme.family()
    }


def memory(programme: Programme) -> dict[str, bytes]:
    """What the processes that are to know nobody have in memory, as in a core file."""
    found = {}
    for process in programme.family():
        title = " ".join(process.cmdline())
        for name in BLIND:
            if title.endswith(f" {name}"):
                found[f"memory of {name}"] = _memory(process.pid)
    assert len(found) == len(BLIND), found.keys()
    return found


def _memory(pid: int) -> bytes:
    regions = _REGION.findall(Path(f"/proc/{pid}/maps").read_text("utf-8"))
    pieces = []
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for begin, end in regions:
            memory.seek(int(begin, 16))
            try:
                pieces.append(memory.read(int(end, 16) - int(begin, 16)))
            except OSError:  # a region that has gone, or is the kernel's own
                continue
    return b"".join(pieces)


class Journal:
    """Keeps every command that the append-only file ever had, whatever was written anew since.

    Links to its files stay when the store removes them, and grow as long as it writes.
    """

    def __init__(self, folder: Path) -> None:
        self._kept = folder / "journal"
        self._kept.mkdir()
        self._files = folder / "data" / "valkey" / "appendonlydir"

    def keep(self) -> None:
        """Look for files that are new."""
        for path in self._files.glob("*.incr.aof"):
            link = self._kept / path.name
            if not link.exists():
                link.hardlink_to(path)

    def commands(self) -> list[list[bytes]]:
        """All of them."""
        return _commands_of(self._kept)


def commands(folder: Path) -> list[list[bytes]]:
    """Every command that stands in the append-only file since it was last written anew."""
    return _commands_of(folder / "data" / "valkey" / "appendonlydir")


def standing(programme: Programme) -> list[list[bytes]]:
    """What stands in the store, as the commands that would make it: so the file is written anew."""
    with store_of(programme) as client:
        return [command for key in client.scan_iter(count=1000) for command in _making(client, key)]


def _making(client: Redis, key: bytes) -> Iterator[list[bytes]]:
    match client.type(key):
        case b"string":
            yield [b"SET", key, cast(bytes, client.get(key))]
        case b"hash":
            fields = cast(dict[bytes, bytes], client.hgetall(key))
            yield from ([b"HSET", key, *field] for field in fields.items())


def snapshot(programme: Programme) -> dict[bytes, bytes]:
    """Every key with its value, to be restored elsewhere."""
    with store_of(programme) as client:
        return {key: client.dump(key) or b"" for key in client.scan_iter(count=1000)}


def ends(programme: Programme) -> dict[str, int]:
    """When each key will be gone, in milliseconds since 1970; those that stay are left out."""
    with store_of(programme) as client:
        found = {key.decode(): int(client.pexpiretime(key)) for key in client.scan_iter(count=1000)}
    return {key: end for key, end in found.items() if end > 0}


def erased(programme: Programme) -> None:
    """Wait until what was erased has left the append-only file."""
    with store_of(programme) as client:
        _until(lambda: client.get(ERASED) == client.get(REWRITTEN))


def told(programme: Programme) -> None:
    """Wait until no notice is on its way."""
    with store_of(programme) as client:
        _until(lambda: not client.exists("outbox:notices", "outbox:delivery"))


def _until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def _commands_of(folder: Path) -> list[list[bytes]]:
    found = []
    for path in sorted(folder.glob("*.incr.aof")):
        found += list(_commands(path.read_bytes()))
    return found


def _commands(raw: bytes) -> Iterator[list[bytes]]:
    at = 0
    while at < len(raw):
        line, _, _ = raw[at:].partition(b"\r\n")
        at += len(line) + 2
        if not line.startswith(b"*"):
            continue
        words = []
        for _ in range(int(line[1:])):
            end = raw.index(b"\r\n", at)
            length = int(raw[at + 1 : end])
            words.append(raw[end + 2 : end + 2 + length])
            at = end + 2 + length + 2
        yield words
