"""What fails is the store's file: it ends in the midst of a change, as after a power cut."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
from redis import Redis

from bot import valkey
from tests.faults.matrix import Count, Scale, row
from tests.faults.people import Ledger
from tests.faults.pushing import open311, pushing, until_empty
from tests.faults.rows_worker import submits
from tests.faults.stage import Stage, opened_progress, stage


@row(
    "the append-only file with {reports} reports is cut at {cuts} random points, some between "
    "two changes",
    reports=(20, 20),
    cuts=(50, 10),
)
async def store_file_cut(folder: Path, scale: Scale, seed: int) -> Count:
    """Reports, receipts, sealed addresses and work agree at every point, and what is there is sent
    once; no start in silence.
    """
    ledger, chance = Ledger(seed), random.Random(seed)
    total, refused, whole = Count(), 0, 0
    async with stage(folder) as here:
        here.bot()
        await here.until_ready_again()
        await submits(here, ledger, "a", scale["reports"])
        here.roles["bot"].kill()
        here.kill_store()
        [(path, content)] = valkey.contents(folder / "data").items()
        between = list(_between_changes(content))
        for number in range(scale["cuts"]):
            copy, cut = folder / f"cut{number}", chance.randrange(len(content))
            if number % 5 == 0:
                cut = chance.choice(between)
            shutil.copytree(
                folder / "data" / "valkey", copy / "valkey", ignore=shutil.ignore_patterns("*.sock")
            )
            (copy / path.relative_to(folder / "data")).write_bytes(content[:cut])
            # Cut between two changes, nobody can tell that there was more.
            assert _refuses(copy) == (cut not in between)
            refused, whole = refused + (cut not in between), whole + (cut in between)
            total += await _goes_on(here, copy)
            shutil.rmtree(copy)
    total.note = f"{refused} starts refused first, {whole} cut between two changes"
    assert total.sent, "no report was whole before any of the cuts"
    return Count(scale["cuts"], total.sent, total.lost, total.duplicated, total.worst, total.note)


def _between_changes(content: bytes) -> Iterator[int]:
    """Where one change of the file ends and the next begins; a transaction is one."""
    at, within = 0, False
    while at < len(content):
        end = content.index(b"\r\n", at)
        words, at, name = int(content[at + 1 : end]), end + 2, b""
        for word in range(words):
            end = content.index(b"\r\n", at)
            length = int(content[at + 1 : end])
            name = name if word else content[end + 2 : end + 2 + length].upper()
            at = end + 2 + length + 2
        within = name == b"MULTI" or (within and name != b"EXEC")
        if not within:
            yield at


def _refuses(folder: Path) -> bool:
    """Whether the store does not start untold; the sentence says how to tell it."""
    process = subprocess.Popen(valkey.command(folder))
    try:
        valkey.wait_until_ready(process, folder)
    except valkey.ValkeyNotStarted as error:
        assert valkey.ACCEPT_LOSS in str(error)
        return True
    finally:
        process.kill()
        process.wait()
    return False


def _told_to_start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(valkey.command(folder, accept_loss=True))


async def _goes_on(here: Stage, folder: Path) -> Count:
    """Start it told, and send what survived: each report once."""
    before, process = valkey.contents(folder), _told_to_start(folder)
    try:
        url = valkey.wait_until_ready(process, folder)
        with Redis.from_url(url) as store:
            reports = _agreeing(store, here.folder / "data")
        said = list(valkey.lost(before))
        shorter = any(len(content) > path.stat().st_size for path, content in before.items())
        assert bool(said) == shorter
        here.cases.cases.clear()
        async with pushing(url, open311(here)) as (_, push):
            await until_empty(push, 30)
    finally:
        process.kill()
        process.wait()
    there = [case.reference for case in here.cases.cases]
    return Count(
        sent=len(there),
        lost=len(reports - set(there)),
        duplicated=len(there) - len(reports & set(there)),
    )


def _agreeing(store: Redis, data: Path) -> set[str]:
    """The reports that are there, each of them whole."""
    reports = _named(store, "report")
    assert reports == {name.decode() for name, _ in store.zscan_iter("outbox:push")}
    assert reports == _named(store, "progress")
    assert len(_named(store, "receipt")) == len(reports)
    assert {_record(store, data, one) for one in reports} == _named(store, "vault")
    return reports


def _named(store: Redis, family: str) -> set[str]:
    return {key.decode().split(":")[1] for key in store.scan_iter(f"{family}:*")}


def _record(store: Redis, data: Path, reference: str) -> str:
    written = store.get(f"progress:{reference}")
    assert isinstance(written, bytes)
    record: str = orjson.loads(opened_progress(data, reference, written))[0]
    return record
