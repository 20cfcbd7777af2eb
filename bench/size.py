"""How long everything takes to be ready, and what processes, drafts and reports weigh.

Drafts and reports are weighed by what the store's own memory grows by, names, expiry and all of
its bookkeeping included. To a waiting report belongs all that its turn writes besides the
conversation: report, progress, sealed way back, receipt, outbox entry, and the day's counter of
somebody who reports for the first time that day.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

import psutil

from bench.cores import await_answer, running
from bench.ports import free_port
from bench.report import Report
from bench.reports import SEALED_BYTES, HandIn, made
from bench.stores import BenchStore, open_store
from bench.targets import Target, median
from bot.core.dialogue import Draft
from bot.core.report import Answers, Media, Place
from bot.secrets import Secrets, kept
from bot.store.connection import Store
from bot.store.conversations import Conversations
from bot.store.expiry import UNFINISHED_SECONDS, copies, expires
from bot.store.media_records import made_safe
from bot.store.reports import written_report

START = "from command to ready"
PAYLOAD = "payload of a waiting report"
WAITS = "waiting report, everything that belongs to it"
OPEN = "open draft, with its expiry"
PICTURE = "its picture: that it is safe, when its copies go"
DRAFTS, WAITING = 2000, 1000
_FORTY_WORDS = "三楼安全出口被纸箱和电动车堵住门打不开晚上还有人在里面充电已经一个多星期没有人管"
_MIB = 1024 * 1024
_EVENTS = 8
_SETTLES_SECONDS = 0.15


def _draft() -> Draft:
    """A draft as it stands before the last question: all but one answered, one picture."""
    answers = Answers(
        category="fire",
        hazard="blocked_exit",
        place=Place(30.69153, 111.28642),
        media=(Media(secrets.token_urlsafe(16), "ready"),),
        media_done=True,
        description=_FORTY_WORDS[:40],
        description_done=True,
    )
    return Draft("zh", "danger", serial=31_415, answers=answers, touched=int(time.time()))


@contextmanager
def programme() -> Iterator[tuple[float, psutil.Process]]:
    """All of it without Telegram: the seconds until it said that it is ready, and its process."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        env = {
            **os.environ,
            "DATA_DIR": folder,
            "PORT": str(port),
            "DESK_PORT": str(free_port()),
            "BOT_TOKEN": "",
            "REDIS_URL": "",
            "LOG_LEVEL": "WARNING",
        }
        began = time.perf_counter()
        command = [sys.executable, "-m", "bot"]
        with running(command, None, env, subprocess.PIPE) as process:
            assert process.stdout
            while not process.stdout.readline().startswith(b"Chat: "):
                if process.poll() is not None:
                    raise RuntimeError("the programme ended instead of being ready")
            seconds = time.perf_counter() - began
            await_answer(f"http://127.0.0.1:{port}/readyz", process)
            yield seconds, psutil.Process(process.pid)
            process.send_signal(signal.SIGINT)


def start_and_memory(quick: bool) -> Report:
    """Starts it a few times; weighs the processes of each start."""
    report = Report("Start and memory, without Telegram", "everything")
    starts: list[float] = []
    weights: dict[tuple[str, str], list[float]] = {}
    for _ in range(1 if quick else 5):
        with programme() as (seconds, process):
            starts.append(seconds)
            _settled(process)
            for one in _family(process):
                weight = one.memory_full_info()
                name = _name(one)
                weights.setdefault((name, "MiB RSS"), []).append(weight.rss / _MIB)
                weights.setdefault((name, "MiB PSS"), []).append(weight.pss / _MIB)
    report.add(START, "s", starts)
    for (name, unit), values in weights.items():
        report.add(name, unit, values)
    _add_sum(report, "MiB PSS")
    return report


def _add_sum(report: Report, unit: str) -> None:
    rows = [measure.values for measure in report.measures if measure.unit == unit]
    shortest = min(map(len, rows))
    report.add("everything", unit, [sum(row[at] for row in rows) for at in range(shortest)])


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _settled(process: psutil.Process) -> None:
    """Wait until the workers, which nobody waits for at a start, have imported what they need."""
    before = -1.0
    while (used := sum(sum(one.cpu_times()[:2]) for one in _family(process))) - before > 0.05:
        before = used
        time.sleep(1)


def _name(process: psutil.Process) -> str:
    words = " ".join(process.cmdline())
    if "valkey-server" in words:
        return "valkey"
    module = re.search(r"-m (bot bot|bot|desk|workers\.media\.decoder|workers (\w+))$", words)
    if module is None:
        raise RuntimeError(f"what is {words}?")
    names = {"bot": "supervisor", "bot bot": "bot", "workers.media.decoder": "decoder"}
    return names.get(module[1]) or (f"{module[2]} worker" if module[2] else module[1])


def stored() -> Report:
    """The store's memory for each open draft and each waiting report."""
    report = Report("In the store", PAYLOAD)
    report.add(PAYLOAD, "bytes", [_payload() for _ in range(5)])
    with open_store(None) as store:
        for what, fill, count in (
            (WAITS, _wait, WAITING),
            (OPEN, _open_drafts, DRAFTS),
            (PICTURE, _pictures, DRAFTS),
        ):
            # The first time the store also takes memory that it never gives back.
            grown = [asyncio.run(_growth(store, fill, count)) for _ in range(6)]
            report.add(what, "bytes", grown[1:])
    return report


def _payload() -> float:
    """The bytes that have to be kept: the report and the sealed way back."""
    [one] = made(1)
    return float(len(written_report(one)) + SEALED_BYTES)


async def _growth(
    store: BenchStore, fill: Callable[[BenchStore, Store, int], Awaitable[None]], count: int
) -> float:
    store.client.flushall()
    opened = Store.at(store.url)
    before = _settled_memory(store)
    await fill(store, opened, count)
    await opened.close()
    return (_settled_memory(store) - before) / count


def _settled_memory(store: BenchStore) -> int:
    """Memory once the store has moved its tables and let go of what was deleted."""
    before = -1
    while (used := _used(store)) != before:
        before = used
        time.sleep(_SETTLES_SECONDS)
    return used


def _used(store: BenchStore) -> int:
    """All memory but the buffers of clients and of the append-only file."""
    found = store.client.info("memory")
    passing = int(found["mem_clients_normal"]) + int(found["mem_aof_buffer"])
    return int(found["used_memory"]) - passing


async def _open_drafts(store: BenchStore, opened: Store, count: int) -> None:
    conversations = Conversations(
        opened, Secrets(kept(store.folder, "conversation")).key("conversations")
    )

    async def open_one(number: int) -> None:
        begun = await conversations.load("telegram", str(600_000_000 + number))
        begun.events = os.urandom(_EVENTS * 6)  # what was said until here is remembered too
        await conversations.commit(begun, _draft(), "last")

    await asyncio.gather(*map(open_one, range(count)))


async def _pictures(store: BenchStore, opened: Store, count: int) -> None:
    """What is noted of the one picture of each draft besides the draft."""
    pipeline = opened.client.pipeline(transaction=False)
    for _ in range(count):
        media = secrets.token_urlsafe(16)
        for command in (
            *made_safe(media, "image/jpeg"),
            *expires(copies(media), time.time() + UNFINISHED_SECONDS),
        ):
            pipeline.execute_command(*command)
    await pipeline.execute()


async def _wait(store: BenchStore, opened: Store, count: int) -> None:
    await HandIn(opened, store.folder).stand(list(made(count)))


def measure(quick: bool = False) -> list[Report]:
    """Every table of this benchmark."""
    return [start_and_memory(quick), stored()]


def targets(tables: Sequence[Report]) -> list[Target]:
    """What is promised of start and size."""
    start, store = tables
    return [
        Target("start to ready without Telegram, s", median(start, START, "s"), most=3),
        Target("bytes of an open draft", median(store, OPEN, "bytes"), most=500),
        Target("waiting report, × its payload", store.ratio(WAITS, "bytes"), most=1.3),
    ]


if __name__ == "__main__":
    for table in measure("--quick" in sys.argv):
        print(table.markdown())
