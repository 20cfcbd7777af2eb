"""The embedded store under its supervisor: started, watched, and started again when it dies.

Whoever is killed in the midst of a write leaves half of it in the file. With ``appendfsync always``
nothing of that write was answered, so nobody was promised anything of it, and the store goes on
without it. A file that is shorter than it was while the store ran has lost more than that.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bot import valkey
from bot.children import Child, end

AGAIN = "The store process ended; starting it again. DATA_DIR/valkey/valkey.log may say why it did."


class EmbeddedStore:
    """The store of one data folder."""

    def __init__(self, data_dir: Path, access: str, environment: dict[str, str]) -> None:
        """With `access` as its users."""
        self._data_dir = data_dir
        self._access = access
        self._environment = environment
        self._child: Child | None = None
        self._logged = 0
        # How long each of its files was at most while it ran.
        self._lengths: dict[Path, int] = {}
        # The same of files that end in the midst of a change, until the server has cut that off.
        self._torn: dict[Path, int] = {}

    def start(self, *, accept_loss: bool) -> str:
        """Start it; its address, once it answers. Raises `ValkeyNotStarted`.

        With `accept_loss` also if its file was cut short. That is the loss of this one start:
        whatever is cut short from now on is a new one.
        """
        before = valkey.contents(self._data_dir) if accept_loss else {}
        child = self._begin(accept_loss=accept_loss)
        url = valkey.wait_until_ready(child.process, self._data_dir, self._logged)
        for sentence in valkey.lost(before):
            print(sentence, file=sys.stderr, flush=True)
        self._measure()
        return url

    def watch(self) -> None:
        """To be called all the time. Raises `ValkeyNotStarted` where its file has lost more than
        nobody was promised, and OSError where it cannot be started just now.
        """
        if self._child is None:
            return
        if not self._child.ended:
            self._measure()
        elif not self._child.just_started:
            self._again()

    def stop(self, seconds: float) -> None:
        """End it, by force after so many seconds."""
        if self._child is not None:
            end([self._child], seconds)

    def _begin(self, *, accept_loss: bool) -> Child:
        logged = valkey.logged(self._data_dir)
        command = valkey.command(self._data_dir, self._access, accept_loss=accept_loss)
        self._child = Child("store", command, self._environment)
        self._logged = logged
        return self._child

    def _again(self) -> None:
        torn = valkey.cut_short(self._data_dir, self._logged)
        if torn and self._shrank():
            raise valkey.ValkeyNotStarted(valkey.CUT_SHORT)
        before = valkey.lengths(self._data_dir)
        self._begin(accept_loss=torn)
        if torn:
            self._lengths, self._torn = {}, before
        print(valkey.DIED_WRITING if torn else AGAIN, file=sys.stderr, flush=True)

    def _measure(self) -> None:
        now = valkey.lengths(self._data_dir)
        if now == self._torn:
            return
        self._torn = {}
        self._lengths = {
            path: max(length, self._lengths.get(path, 0)) for path, length in now.items()
        }

    def _shrank(self) -> bool:
        now = valkey.lengths(self._data_dir)
        return any(now.get(path, length) < length for path, length in self._lengths.items())
