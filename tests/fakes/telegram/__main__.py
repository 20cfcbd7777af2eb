"""Runs the server by itself, with one person who is played on the terminal.

    python -m tests.fakes.telegram --port 9000 --token 123:abc

A line is what the person says; `!help` lists what else a person can do. When the input ends the
server goes on until it is stopped.
"""

import argparse
import asyncio
import contextlib
import mimetypes
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tests.fakes.telegram.person import Person
from tests.fakes.telegram.server import TelegramServer

_HELP = """\
!press LABEL          presses an inline button
!tap LABEL            taps a key under the input field
!photo FILE           sends a photo; !file, !video likewise
!album FILE FILE …    sends photos together
!location LAT LON     shares a position
!block, !unblock      blocks the bot or lets it write again"""


def _file(person: Person, name: str) -> None:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    person.sends_file(Path(name).read_bytes(), Path(name).name, kind)


def _location(person: Person, words: str) -> None:
    latitude, longitude = words.split()
    person.sends_location(float(latitude), float(longitude))


_ACTIONS: dict[str, Callable[[Person, str], object]] = {
    "press": Person.presses,
    "tap": Person.taps,
    "photo": lambda person, name: person.sends_photo(Path(name).read_bytes()),
    "video": lambda person, name: person.sends_video(Path(name).read_bytes(), Path(name).name),
    "file": _file,
    "album": lambda person, names: person.sends_album(
        [Path(name).read_bytes() for name in names.split()]
    ),
    "location": _location,
    "block": lambda person, _: person.blocks_bot(),
    "unblock": lambda person, _: person.unblocks_bot(),
    "help": lambda _person, _words: print(_HELP),
}


def act(person: Person, line: str) -> None:
    """Does what one line of the terminal says."""
    word, _, rest = line.strip().partition(" ")
    action = _ACTIONS.get(word.removeprefix("!")) if word.startswith("!") else None
    if action is None:
        person.says(line.strip())
        return
    try:
        action(person, rest)
    except (AssertionError, OSError, ValueError) as error:
        print(error)


def _listen(loop: asyncio.AbstractEventLoop, person: Person) -> None:
    for line in sys.stdin:
        if line.strip():
            loop.call_soon_threadsafe(act, person, line)


async def _show(server: TelegramServer, person: Person) -> None:
    shown, told = 0, 0
    while True:
        for message in person.messages:
            if message.revision > shown:
                print(message.screen(), flush=True)
        for violation in server.violations[told:]:
            print(f"WRONG: {violation}", file=sys.stderr, flush=True)
        shown, told = person.chat.revision, len(server.violations)
        await server.world.pulse.next()


async def _run(options: argparse.Namespace) -> None:
    server = TelegramServer(options.token)
    await server.start(options.port)
    person = server.person(language_code=options.language)
    print(f"Bot API at {server.url}, token {server.token}. !help tells more.", flush=True)
    reader = threading.Thread(
        target=_listen, args=(asyncio.get_running_loop(), person), daemon=True
    )
    reader.start()
    try:
        await _show(server, person)
    finally:
        await server.stop()


def main() -> None:
    """Reads the arguments and serves until stopped."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.telegram")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--token", default="123456:test-token")
    parser.add_argument("--language", default="zh-hans", help="language of the person's phone")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
