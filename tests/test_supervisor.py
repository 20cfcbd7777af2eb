"""What ends while the programme starts: by itself, or because something took it down."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import valkey
from bot.children import Child
from bot.embedded import EmbeddedStore
from bot.supervisor import CannotStart, Supervisor
from config.settings import Settings
from tests.whole.programme import free_port

ENDS_ONCE = """
import os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

if not Path(sys.argv[2]).exists():
    Path(sys.argv[2]).touch()
    {end}
HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""

EVERYBODY = "user default on nopass ~* &* +@all\n"


class Cramped(EmbeddedStore):
    """Finds no room to start again, and then some; the supervisor watches for that long."""

    def __init__(self, supervisor: Supervisor, folder: Path) -> None:
        super().__init__(folder, EVERYBODY, dict(os.environ))
        self._supervisor = supervisor
        # No file can be written where a folder is in its way, which goes for root as well.
        self._in_the_way = folder / "valkey" / "users.acl.unfinished"

    def is_killed_on_a_full_disk(self) -> Child:
        assert self._child
        self._child.process.kill()
        self._child.process.wait()
        self._in_the_way.mkdir()
        return self._child

    def watch(self) -> None:
        try:
            super().watch()
        except OSError:
            self._in_the_way.rmdir()
            raise
        assert self._child
        self._supervisor._stopping = not self._child.ended


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    settings = Settings(_env_file=None, data_dir=tmp_path, port=free_port())  # type: ignore[call-arg]
    starting = Supervisor(settings)
    yield starting
    starting._stop()


def begins(supervisor: Supervisor, folder: Path, end: str) -> Child:
    """A bot that ends like this the first time, and is ready the second time."""
    words = ENDS_ONCE.format(end=end)
    port, flag = str(supervisor._settings.port), str(folder / "ended")
    child = Child("bot", [sys.executable, "-c", words, port, flag], {})
    supervisor._children.append(child)
    return child


def test_what_is_taken_down_while_starting_is_started_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    child = begins(supervisor, tmp_path, "os.kill(os.getpid(), signal.SIGSEGV)")
    supervisor._await_ready(uses_desk=False)
    assert (tmp_path / "ended").exists()
    assert child.process.poll() is None


@pytest.mark.parametrize("code", [0, 1, 2])
def test_what_ends_by_itself_while_starting_ends_the_start(
    supervisor: Supervisor, tmp_path: Path, code: int
) -> None:
    begins(supervisor, tmp_path, f"sys.exit({code})")
    with pytest.raises(CannotStart, match="The bot process ended while starting"):
        supervisor._await_ready(uses_desk=False)


def test_a_store_that_finds_no_room_to_start_again_does_once_there_is(
    supervisor: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on a full disk, where a store that answers after its disk alone ends itself."""
    store = supervisor._store = Cramped(supervisor, tmp_path)
    store.start(accept_loss=False)
    before = store.is_killed_on_a_full_disk()
    supervisor._watch()
    assert "Cannot start it yet: " in capsys.readouterr().err
    assert store._child and store._child is not before
    assert valkey.wait_until_ready(store._child.process, tmp_path)
