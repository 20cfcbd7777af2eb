"""What each role can and cannot do to each family of keys, asked of a real Valkey cell by cell."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError, RedisError

from bot import valkey
from bot.vault.access import OPERATOR, ROLES, access_file, new_passwords

# By family, what bot, push, media, notices, delivery may: r reads, w writes, d deletes, a appends.
TABLE = """
c:x                       rwda  -     -     -     -
limit:x                   rwda  -     -     -     -
inbox:x                   rwda  -     -     -     rwda
progress:x                rwda  -     -     r     -
receipt:x                 rwda  -     -     -     -
report:x                  wda   rwda  -     -     -
case:x                    -     wda   -     -     -
token:x                   -     rwda  -     -     -
sent:x                    -     rwda  -     -     -
cases:x                   r     rwda  -     -     -
vault:x                   w     -     -     rd    d
told:x                    -     -     -     -     rwda
telegram:x                rwda  -     -     -     rwda
media:x                   -     r     rwda  -     -
media:expiry              rwda  r     rwda  -     -
undeliverable             r     -     -     rwda  rwda
outbox:fence              rwda  rwda  rwda  rwda  rwda
outbox:push               rwda  rwda  -     -     -
outbox:push:bodies        rwda  rwda  -     -     -
outbox:push:leases        rwda  rwda  -     -     -
outbox:push:parked        rwda  rwda  -     -     -
outbox:media              rwda  r     rwda  -     -
outbox:media:bodies       wda   -     rwda  -     -
outbox:media:leases       rwda  -     rwda  -     -
outbox:media:parked       rwda  -     rwda  -     -
outbox:notices            rwda  -     -     rwda  -
outbox:notices:bodies     wda   -     -     rwda  -
outbox:notices:leases     rwda  -     -     rwda  -
outbox:notices:parked     rwda  -     -     rwda  -
outbox:delivery           rwda  -     -     wda   rwda
outbox:delivery:bodies    -     -     -     wda   rwda
outbox:delivery:leases    rwda  -     -     -     rwda
outbox:delivery:parked    rwda  -     -     -     rwda
outbox:replies            rwda  -     wda   -     -
outbox:replies:bodies     rwda  -     wda   -     -
outbox:replies:aside      rwda  -     -     -     -
outbox:broadcast          r     -     -     -     -
erased                    -     -     -     rwda  rwda
rewriting                 -     -     -     rwda  -
rewritten                 -     -     -     rwda  -
bell:x                    rwda  rwda  rwda  rwda  rwda
rq:x                      rwda  rwda  rwda  rwda  rwda
anything:else             -     -     -     -     -
"""
ACTS = {"r": ("GET",), "w": ("SET", "v"), "d": ("DEL",), "a": ("APPEND", "v")}
ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [(row[0], role, row[1 + at]) for row in ROWS for at, role in enumerate(ROLES)]


class World:
    """A store with every user, and a connection of each."""

    def __init__(self, folder: Path) -> None:
        passwords = new_passwords()
        self.command = valkey.command(folder, access_file(passwords))
        self.process = subprocess.Popen(self.command)
        url = valkey.wait_until_ready(self.process, folder)
        self.passwords = passwords
        self.urls = {user: valkey.address_for(url, user, passwords[user]) for user in passwords}
        self.of = {user: Redis.from_url(address) for user, address in self.urls.items()}
        self.anybody = Redis.from_url(url)

    def close(self) -> None:
        for client in (*self.of.values(), self.anybody):
            client.close()
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    opened = World(tmp_path_factory.mktemp("access"))
    try:
        yield opened
    finally:
        opened.close()


def may(client: Redis, *command: str) -> bool:
    """Whether the store lets this user do it."""
    try:
        client.execute_command(*command)  # type: ignore[no-untyped-call]
    except NoPermissionError:
        return False
    return True


def allowed(world: World, role: str, key: str) -> str:
    """The letters of what this role may do to this key."""
    found = ""
    for letter, (name, *words) in ACTS.items():
        world.of[OPERATOR].set(key, "before")
        found += letter if may(world.of[role], name, key, *words) else ""
    return found or "-"


@pytest.mark.parametrize(("key", "role", "expected"), CELLS)
def test_every_cell(world: World, key: str, role: str, expected: str) -> None:
    assert allowed(world, role, key) == expected


@pytest.mark.parametrize("role", ROLES)
def test_scripts_can_do_no_more_than_their_caller(world: World, role: str) -> None:
    """Whether or not the script was told of the key."""
    for name, key, *words in (("GET", "anything:else"), ("APPEND", "vault:x", "v")):
        body = "return redis.call(unpack(ARGV))"
        with pytest.raises(RedisError, match=r"permission|NOPERM|ACL"):
            world.of[role].eval(body, 0, name, key, *words)
        with pytest.raises(NoPermissionError):
            world.of[role].eval(body, 1, key, name, key, *words)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "command",
    [
        "SCAN 0",
        "KEYS *",
        "RANDOMKEY",
        "FLUSHALL",
        "CONFIG GET *",
        "ACL LIST",
        "MONITOR",
        "SAVE",
        "FUNCTION LIST",
        "SCRIPT FLUSH",
        "CLIENT LIST",
        "SHUTDOWN",
        "REPLICAOF NO ONE",
        "SUBSCRIBE anything",
    ],
)
def test_no_role_looks_around_or_takes_over(world: World, role: str, command: str) -> None:
    assert not may(world.of[role], *command.split())


def test_intake_gets_an_address_out_by_no_other_command(world: World) -> None:
    world.of[OPERATOR].set("vault:x", "sealed")
    world.of[OPERATOR].delete("c:x")
    for command in (
        "SET vault:x v GET",
        "GETSET vault:x v",
        "GETDEL vault:x",
        "GETEX vault:x",
        "GETRANGE vault:x 0 -1",
        "MGET vault:x",
        "STRLEN vault:x",
        "EXISTS vault:x",
        "DUMP vault:x",
        "COPY vault:x c:x",
        "RENAME vault:x c:x",
        "BITOP OR c:x vault:x",
        "SETRANGE vault:x 0 v",
        "EXPIREAT vault:x 1",
        "UNLINK vault:x",
        "PFMERGE c:x vault:x",
        "SORT vault:x",
        "LCS vault:x c:x",
    ):
        assert not may(world.of["bot"], *command.split()), command
    assert world.of[OPERATOR].get("vault:x") == b"sealed"


def test_who_has_no_password_sees_that_it_runs_and_nothing_else(world: World) -> None:
    assert world.anybody.ping()
    for command in ("GET c:x", "SET c:x v", "INFO", "SCAN 0", "ACL WHOAMI"):
        assert not may(world.anybody, *command.split())


def test_passwords_stand_in_no_title_and_in_no_file(world: World, tmp_path: Path) -> None:
    titles = " ".join(world.command)
    users = Path(world.command[world.command.index("--aclfile") + 1])
    assert users.stat().st_mode & 0o077 == 0
    for password in world.passwords.values():
        assert password not in titles
        assert password not in users.read_text()
