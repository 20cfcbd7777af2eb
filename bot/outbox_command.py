"""``python -m bot outbox …``: work that was given up, in an operator's hands.

Exit codes: 0 done, 1 nothing of that name is parked, 2 refused, with one sentence that says why.
"""

from __future__ import annotations

import asyncio
import sys

from bot import valkey
from bot.core.errors import StoreUnavailable
from bot.secrets import kept
from bot.store.case_system import try_now, waits_for_it
from bot.store.connection import Store
from bot.store.outbox import KINDS, Outbox
from bot.vault.access import OPERATOR
from config.settings import Settings

USAGE = (
    "Usage: python -m bot outbox list | put-back KIND ID [--anew] | put-back KIND --all | try-now"
)
NONE, REFUSED = 1, 2


def outbox(words: list[str], settings: Settings) -> int:
    """Run the command; the exit code."""
    try:
        store = Store.at(address(settings))
    except ValueError as error:
        print(f"REDIS_URL: {error}.", file=sys.stderr)
        return REFUSED
    try:
        return asyncio.run(_run(words, store))
    except StoreUnavailable:
        print("The store does not answer; is the gateway running?", file=sys.stderr)
        return REFUSED


def address(settings: Settings) -> str:
    """The store as an operator reaches it: by ``REDIS_URL``, else the embedded one's socket."""
    given = settings.redis_url.get_secret_value()
    if given:
        return given
    url = f"unix://{valkey.socket_path(settings.data_dir)}"
    return valkey.address_for(url, OPERATOR, kept(settings.data_dir, "store").decode())


async def _run(words: list[str], store: Store) -> int:
    try:
        match words:
            case ["list"]:
                return await _list(store)
            case ["put-back", kind, name] if kind in KINDS:
                return await _put_back(Outbox(store, kind), name)
            case ["put-back", kind, name, "--anew"] if kind in KINDS:
                return await _put_back(Outbox(store, kind), name, anew=True)
            case ["try-now"]:
                return await _try_now(store)
        print(USAGE, file=sys.stderr)
        return REFUSED
    finally:
        await store.close()


async def _list(store: Store) -> int:
    """One line for each piece of work: kind, name, and why it was given up; then what waits."""
    stopped = False
    for kind in KINDS:
        outbox = Outbox(store, kind)
        for name, reason in sorted((await outbox.parked()).items()):
            stopped = True
            print(f"{kind}  {name}  {reason}")
        if waiting := await outbox.depth():
            print(f"{kind}  {waiting} waiting, to be tried (again) by themselves")
    if not stopped:
        print("Nothing is stopped.")
    if (seconds := await waits_for_it(store)) is not None:
        print(
            f"The case system does not take reports; it is tried again in {seconds:.0f} s. "
            "At once: python -m bot outbox try-now"
        )
    return 0


async def _put_back(outbox: Outbox, name: str, *, anew: bool = False) -> int:
    names = sorted(await outbox.parked()) if name == "--all" else [name]
    count = sum([await outbox.put_back(one, anew=anew) for one in names])
    if count == 0:
        print(f"Nothing of that name is parked in {outbox.kind}.", file=sys.stderr)
        return NONE
    print(f"{count} put back; the {outbox.kind} worker takes it up within seconds.")
    return 0


async def _try_now(store: Store) -> int:
    """For whoever has mended the case system and does not want to wait for the next try."""
    print(f"Waiting reports that are tried within seconds: {await try_now(store)}.")
    return 0
