"""``python -m bot``: everything on one machine; with a role's name, that role alone."""

from __future__ import annotations

import asyncio
import os
import sys

import uvloop

from bot.supervisor import WORKERS, CannotStart, Supervisor
from bot.valkey import ACCEPT_LOSS
from config.settings import SettingRefused, Settings, read_settings

COMMANDS = ("keys", "acl", "outbox")
USAGE = (
    f"Usage: python -m bot [all | {ACCEPT_LOSS} | bot | desk | {' | '.join((*WORKERS, *COMMANDS))}]"
)


def main() -> int:
    """Run what the command line names; the exit code."""
    role = sys.argv[1] if len(sys.argv) > 1 else "all"
    accept_loss = role == ACCEPT_LOSS
    if accept_loss:
        role = "all"
    if role in WORKERS:
        os.execv(sys.executable, [sys.executable, "-m", "workers", role])  # noqa: S606
    if role == "desk":
        os.execv(sys.executable, [sys.executable, "-m", "desk"])  # noqa: S606
    if role in COMMANDS:
        return _command(role, sys.argv[2:])
    if role not in ("all", "bot"):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        settings = read_settings()
        return _all(settings, accept_loss) if role == "all" else _bot(settings)
    except (SettingRefused, CannotStart) as error:
        print(error, file=sys.stderr)
        return 2


def _command(name: str, words: list[str]) -> int:
    from bot.keys_command import keys
    from bot.outbox_command import outbox
    from bot.vault.access_command import acl

    if name == "acl":
        return acl(words)
    try:
        settings = read_settings()
        return (
            outbox(words, settings) if name == "outbox" else keys(words, settings.data_dir / "keys")
        )
    except SettingRefused as error:
        print(error, file=sys.stderr)
        return 2


def _all(settings: Settings, accept_loss: bool) -> int:
    if settings.redis_url.get_secret_value():
        _check(settings)
    return Supervisor(settings, accept_loss=accept_loss).run()


def _bot(settings: Settings) -> int:
    from bot.app import serve
    from bot.logs import configure_logs

    configure_logs(settings.log_format, settings.log_level, "bot")
    if not settings.redis_url.get_secret_value():
        raise CannotStart("REDIS_URL: a role that runs alone needs a Redis or Valkey.")
    _check(settings)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except OSError as error:
        place = f"{settings.host}:{settings.port}"
        raise CannotStart(f"The bot cannot start on {place}: {error.strerror or error}.") from None
    return 0


def _check(settings: Settings) -> None:
    from bot.store.check import StoreUnfit, check_store

    try:
        warnings = check_store(settings.redis_url.get_secret_value(), settings.replicas)
    except StoreUnfit as error:
        raise CannotStart(str(error)) from None
    if warnings:
        print(warnings, file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
