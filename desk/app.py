"""Starts and stops the desk; whatever hinders it is one sentence on standard error."""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing

import structlog
from aiohttp import web
from dotenv import dotenv_values

from desk import logins
from desk.context import Desk
from desk.database import Database, connect, transact
from desk.errors import CannotStart, DeskError
from desk.logs import set_up_logs
from desk.sender import Pace, Sender
from desk.server import build_server
from desk.services import read_services
from desk.settings import Place, Settings, read_place, read_settings
from desk.stopped import Stopped

STOP_SECONDS = 1.0  # for requests under way

_log = structlog.get_logger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the desk, or print a login link; returns the process's exit code."""
    asked = _parse(arguments)
    try:
        environment = _environment()
        if asked.command == "login":
            _log_in(read_place(environment), asked.name)
        else:
            settings = read_settings(environment)
            set_up_logs(settings.log_format)
            asyncio.run(serve(settings))
    except DeskError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _log_in(place: Place, name: str) -> None:
    """Print a link into the desk that lives here; raises CannotStart where none ever did."""
    if not place.database_path.exists():
        raise CannotStart(
            f"No desk was ever started in {place.data_dir}: "
            "give this command the settings of the one that was, DATA_DIR above all."
        )
    _print_link(place, place.public_url(place.port), name)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; raises CannotStart."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with closing(Database(connect(settings.database_path))) as database:
        sender = Sender(database, settings.case_hook_url, settings.case_hook_secrets[0], Pace())
        stopped = Stopped(settings.operators_url, settings.operator_key)
        desk = Desk(
            settings=settings,
            database=database,
            sender=sender,
            stopped=stopped,
            services=read_services(),
        )
        runner = web.AppRunner(build_server(desk), access_log=None, shutdown_timeout=STOP_SECONDS)
        try:
            port = await _listen(runner, settings)
            url = settings.public_url(port)
            _log.info("ready", url=url)
            _print_link(settings, url, "")
            await _work_until(stop, sender, stopped)
        finally:
            await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: Settings) -> int:
    """Start listening; returns the port, which the system chose when the setting is 0."""
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        raise CannotStart(
            f"The desk cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
            "Is another programme using it? Set DESK_HOST or DESK_PORT."
        ) from None
    return int(runner.addresses[0][1])


async def _work_until(stop: asyncio.Event, sender: Sender, stopped: Stopped) -> None:
    """Let both work until we are stopped; a sender that fails ends the desk."""
    watching = asyncio.create_task(stopped.watch())
    sending = asyncio.create_task(sender.run())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((sending, stopping), return_when=asyncio.FIRST_COMPLETED)
    failed = sending.done()
    for task in (watching, stopping, sending):
        task.cancel()
    await asyncio.gather(watching, sending, stopping, return_exceptions=True)
    if failed:
        raise CannotStart(f"The desk can no longer send updates: {sending.exception()!r}.")


def _print_link(place: Place, url: str, name: str) -> None:
    with closing(connect(place.database_path)) as connection:
        token = transact(connection, logins.new_link, name, int(time.time()))
    print(f"Desk: {url}/login/{token}", flush=True)


def _environment() -> Mapping[str, str]:
    """Settings from `.env` in the working folder, overridden by the environment."""
    from_file = {name: value or "" for name, value in dotenv_values(".env").items()}
    return from_file | dict(os.environ)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="desk", description="The embedded case system.")
    commands = parser.add_subparsers(dest="command")
    login = commands.add_parser("login", help="print a new one-time login link")
    login.add_argument("name", nargs="?", default="", type=_name, help="shown in the history")
    return parser.parse_args(arguments)


def _name(value: str) -> str:
    if len(value) > logins.NAME_LIMIT:
        raise argparse.ArgumentTypeError(f"at most {logins.NAME_LIMIT} characters")
    return value.strip()
