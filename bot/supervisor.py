"""Runs everything on one machine: store, desk, workers and bot, as children that end together.

A child that dies is started again. SIGINT and SIGTERM stop them in order, the store last; should
this process be killed, the kernel ends the children.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import sys
import time
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from bot import valkey
from bot.children import RESTART_SECONDS, Child, end
from bot.embedded import EmbeddedStore
from bot.secrets import desk_api_key, hook_secret, kept, operator_key
from bot.vault.access import OPERATOR, access_file, new_passwords
from config.settings import Settings

WORKERS = ("push", "media", "notices", "delivery")
READY_SECONDS = 60
# More than the bot and any worker need to finish or hand back what they have in hand.
STOP_SECONDS = 15


class CannotStart(Exception):
    """The text is the sentence for whoever started the programme."""


class Supervisor:
    """Starts, watches and stops the processes of one machine."""

    def __init__(self, settings: Settings, *, accept_loss: bool = False) -> None:
        """With `accept_loss` a store whose file was cut short is started all the same, once."""
        self._settings = settings
        self._accept_loss = accept_loss
        self._children: list[Child] = []
        self._store: EmbeddedStore | None = None
        self._environment = dict(os.environ)
        self._addresses: dict[str, str] = {}
        self._stopping = False

    def run(self) -> int:
        """Until a signal; the exit code. Raises `CannotStart`."""
        os.umask(0o077)  # all that is written here is for this account alone
        lock = _lock(self._settings.data_dir)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop_requested)
        try:
            self._start()
            self._watch()
        except valkey.ValkeyNotStarted as error:
            raise CannotStart(str(error)) from None
        finally:
            self._stop()
            lock.close()
        return 0

    def _stop_requested(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _start(self) -> None:
        settings = self._settings
        _free(settings.host, settings.port, "PORT")
        uses_desk = settings.case_system == "desk"
        if uses_desk:
            if settings.desk_port == settings.port:
                raise CannotStart(f"DESK_PORT: {settings.port} is PORT already; give another one.")
            _free(settings.desk_host, settings.desk_port, "DESK_PORT")
        self._environment |= self._shared()
        if not settings.redis_url.get_secret_value():
            self._start_store()
        if uses_desk:
            self._spawn("desk", [sys.executable, "-m", "desk"])
        self._spawn("bot", [sys.executable, "-m", "bot", "bot"])
        for kind in WORKERS:
            self._spawn(kind, [sys.executable, "-m", "workers", kind])
        self._await_ready(uses_desk)
        print(f"Chat: {settings.address}/", flush=True)
        print("Stop with Ctrl-C.", flush=True)

    def _shared(self) -> dict[str, str]:
        """What the children must agree on, whatever the settings leave open."""
        settings = self._settings
        gateway = f"http://{_reachable(settings.host)}:{settings.port}"
        # The desk's own key is nothing for a case system elsewhere.
        desk = settings.case_system == "desk"
        return ({"OPEN311_API_KEY": desk_api_key(settings)} if desk else {}) | {
            "DATA_DIR": str(settings.data_dir.resolve()),
            "CASE_HOOK_SECRET": hook_secret(settings),
            "CASE_HOOK_URL": os.environ.get("CASE_HOOK_URL") or f"{gateway}/hooks/case",
            "GATEWAY_URL": settings.address,
            "OPERATOR_KEY": operator_key(settings),
            "OPERATORS_URL": os.environ.get("OPERATORS_URL") or f"{gateway}/operators/parked",
            "PYTHONUNBUFFERED": "1",
        }

    def _start_store(self) -> None:
        data_dir = self._settings.data_dir
        passwords = new_passwords() | {OPERATOR: kept(data_dir, "store").decode()}
        self._store = EmbeddedStore(data_dir, access_file(passwords), self._environment)
        url = self._store.start(accept_loss=self._accept_loss)
        self._addresses = {
            role: valkey.address_for(url, role, passwords[role]) for role in passwords
        }

    def _spawn(self, name: str, command: list[str]) -> None:
        """Start a role; in its environment, and nowhere else, is the store as it may use it."""
        environment = dict(self._environment)
        if name == "desk":
            environment.pop("REDIS_URL", None)
        elif name in self._addresses:
            environment["REDIS_URL"] = self._addresses[name]
        self._children.append(Child(name, command, environment))

    def _await_ready(self, uses_desk: bool) -> None:
        settings = self._settings
        waiting = [f"http://{_reachable(settings.host)}:{settings.port}/readyz"]
        if uses_desk:
            waiting.append(f"http://{_reachable(settings.desk_host)}:{settings.desk_port}/healthz")
        until = time.monotonic() + READY_SECONDS
        while waiting and not self._stopping:
            for child in self._children:
                self._still_starting(child)
            if time.monotonic() > until:
                raise CannotStart(f"Nothing answers at {waiting[0]}.")
            if _answers(waiting[0]):
                waiting.pop(0)
            else:
                time.sleep(0.05)

    def _still_starting(self, child: Child) -> None:
        """Raises `CannotStart` for one that ended by itself."""
        code = child.process.poll()
        if code is None:
            return
        if code >= 0:
            raise CannotStart(f"The {child.name} process ended while starting.")
        # It may have found the very message again that it crashed on before, and counts its ends.
        child.again()

    def _watch(self) -> None:
        while not self._stopping:
            time.sleep(0.2)
            try:
                self._keep_running()
            except OSError as error:
                # What ended for want of room or memory cannot be started without it; later it can.
                said = error.strerror or error
                print(f"Cannot start it yet: {said}.", file=sys.stderr, flush=True)
                time.sleep(RESTART_SECONDS)

    def _keep_running(self) -> None:
        if self._store:
            self._store.watch()
        for child in self._children:
            if child.ended and not self._stopping:
                child.again()

    def _stop(self) -> None:
        end(self._children, STOP_SECONDS)
        if self._store:
            self._store.stop(STOP_SECONDS)


def _lock(data_dir: Path) -> IO[bytes]:
    """One gateway per folder. Raises `CannotStart`."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "lock").open("ab")
    except OSError as error:
        raise CannotStart(f"DATA_DIR: cannot write to {data_dir}: {error.strerror}.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise CannotStart(f"DATA_DIR: another gateway is running on {data_dir}.") from None
    return lock


def _free(host: str, port: int, name: str) -> None:
    """Raises `CannotStart` if nobody can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CannotStart(f"{name}: {host}:{port} is taken by another programme.") from None
            raise CannotStart(
                f"{name}: cannot listen on {host}:{port}: {error.strerror}."
            ) from None


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared only


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == HTTPStatus.OK)
    except (URLError, OSError):
        return False
