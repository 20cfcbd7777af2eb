"""The services of ``compose.yaml`` as processes of this machine, with what it gives to each."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import yaml

from bot.vault.access import new_passwords
from bot.vault.keys import HALVES, LAYERS

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = {
    name: service for name, service in COMPOSE["services"].items() if name != "store"
}
READY_SECONDS = 60.0
# Those of the image, below /data.
FOLDERS = (
    *("media", "desk", "in_hand"),
    *(f"keys/{half}/{layer}" for half in HALVES for layer in LAYERS),
)
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(?::([-?])([^}]*))?\}")
PASSWORDS = new_passwords()
SECRETS = {
    "CONVERSATION_KEY": "only-a-test-knows-this-conversation-key",
    "RECEIPT_KEY": "only-a-test-knows-this-key-of-receipts",
    "PROGRESS_KEY": "only-a-test-knows-this-key-of-progress",
    "MEDIA_LINK_KEY": "only-a-test-knows-this-media-link-key",
    "FETCH_KEY": "only-a-test-knows-this-key-of-fetching",
    "HANDOFF_KEY": "only-a-test-knows-this-key-of-handing-on",
    "OPEN311_API_KEY": "only-a-test-knows-this-key",
    "CASE_HOOK_SECRET": "whsec_" + "QUJD" * 8,
    "OPERATOR_KEY": "only-a-test-knows-this-key-of-operators",
} | {f"STORE_PASSWORD_{user.upper()}": password for user, password in PASSWORDS.items()}


def here(words: str, places: dict[str, str]) -> str:
    """A value of the compose file, its options filled in, and `places` put for names and ports.

    Raises KeyError for a needed option that `SECRETS` lacks.
    """

    def value(match: re.Match[str]) -> str:
        name, how, rest = match.groups()
        if how == "?":
            return SECRETS[name]
        return SECRETS.get(name) or (rest if how == "-" else "")

    found = VARIABLE.sub(value, words)
    for place, instead in places.items():
        found = found.replace(place, instead)
    return found


class Service:
    """One service of the compose file as a process on this machine."""

    def __init__(self, name: str, folder: Path, places: dict[str, str]) -> None:
        self.name = name
        self.data = folder / name
        self.log = folder / f"{name}.log"
        self._mount(folder)
        environment = {
            key: here(str(value), places) for key, value in SERVICES[name]["environment"].items()
        }
        environment |= {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATA_DIR": str(self.data),
            "PORT": places["bot:8080"].rpartition(":")[2],
            "DESK_PORT": places["desk:8081"].rpartition(":")[2],
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", *SERVICES[name]["command"]],
                env=environment,
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _mount(self, folder: Path) -> None:
        """The image's folders, those with a volume being shared."""
        volumes = dict(
            reversed(volume.split(":")[:2]) for volume in SERVICES[self.name].get("volumes", ())
        )
        for inside in FOLDERS:
            place = self.data / inside
            place.parent.mkdir(parents=True, exist_ok=True)
            if volume := volumes.get(f"/data/{inside}"):
                (folder / "volumes" / volume).mkdir(parents=True, exist_ok=True)
                place.symlink_to(folder / "volumes" / volume)
            else:
                place.mkdir()

    def written(self) -> set[str]:
        """What lies outside the volumes, where a container could not have written."""
        found = {str(path.relative_to(self.data)) for path in self.data.rglob("*")}
        return found - {*FOLDERS, "keys", "keys/private", "keys/public"}

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something, as long as the process lives."""
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def until_ready(self, places: dict[str, str]) -> None:
        """Wait until it does its work."""
        if self.name == "bot":
            self.until(lambda: answers(f"http://{places['bot:8080']}/readyz"))
        elif self.name == "desk":
            self.until(lambda: answers(f"http://{places['desk:8081']}/healthz"))
        else:
            self.until(lambda: b"worker.ready" in self.log.read_bytes())


def answers(url: str) -> bool:
    """Whether something there says 200."""
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def free_place() -> str:
    """A host and port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
