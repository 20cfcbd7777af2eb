"""``python -m workers <kind>``: one worker process, an rq worker on the queue of its kind."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from types import FrameType

import structlog
import uvloop
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from bot.bells import Bells, bell_key
from bot.channels.registry import switched_on
from bot.logs import configure_logs
from bot.secrets import fetch_key, handoff_key, progress_key
from bot.store.address import blocking_client
from bot.store.check import StoreUnfit, check_store
from bot.surroundings import Base, build_base
from bot.vault.keys import KeyTooOpen, Layer
from config.settings import SettingRefused, Settings, read_settings
from workers import runtime
from workers.drain import Work
from workers.rotation import Rotation
from workers.sweep import SWEEP_SECONDS, Sweep

KINDS = ("push", "media", "notices", "delivery")
# Whose private keys a worker opens; the others open none.
CUSTODY: dict[str, tuple[Layer, ...]] = {"notices": ("outer",), "delivery": ("inner",)}
# rq listens for 15 seconds less than this at a time, and lets go of a server that is silent for 10
# seconds more; then it comes to whichever is the primary by now.
LISTENING_SECONDS = 20
Afterwards = Callable[[], Coroutine[None, None, object]]

log = structlog.get_logger()


class KnownJob(Job):
    """A job that may name nothing but the functions of `workers.jobs`, and nothing to call after.

    rq imports whatever dotted names a job carries, and the store is not ours alone.
    """

    success_callback = failure_callback = stopped_callback = None

    @property
    def func(self) -> Callable[..., object] | None:
        """The function, for a name on the list."""
        if self.func_name not in {f"workers.jobs.{kind}" for kind in KINDS}:
            raise PermissionError("a job names a function that is not on the list")
        return super().func  # type: ignore[no-any-return]


class BellWorker(SimpleWorker):
    """An rq worker that tells the drain in hand when it is to stop."""

    stopping: Callable[[], None]
    told_to_stop = False
    # However long the store was away, as soon as a sweep would ring.
    max_connection_wait_time = SWEEP_SECONDS

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """First SIGTERM or SIGINT: finish what is in hand, take nothing new."""
        self.told_to_stop = True
        self.stopping()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def main(kind: str) -> int:
    """Run a worker until SIGTERM; the exit code."""
    try:
        settings = read_settings()
        configure_logs(settings.log_format, settings.log_level, kind)
        url = settings.redis_url.get_secret_value()
        if warnings := check_store(url, settings.replicas):
            print(warnings, file=sys.stderr)
        if not _run(kind, settings, url):
            print(f"The {kind} worker ended: the store refused its queue.", file=sys.stderr)
            return 1
    except (SettingRefused, StoreUnfit, KeyTooOpen) as error:
        print(error, file=sys.stderr)
        return 2
    except RedisError as error:
        print(f"The {kind} worker lost the store: {type(error).__name__}.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The {kind} worker cannot start: {error.strerror or error}.", file=sys.stderr)
        return 1
    return 0


def _run(kind: str, settings: Settings, url: str) -> bool:
    """Whether it ended because it was told to; rq ends by itself where the store refuses it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        base = build_base(settings, CUSTODY.get(kind, ()))
        bells = Bells(base.store, url)
        work, afterwards, close = runner.run(_work(kind, base, bells))
        running = runtime.Runtime(kind, base.store, work, bells, afterwards, runner=runner)
        runtime.install(running)
        worker = BellWorker(
            [kind],
            connection=blocking_client(url),
            job_class=KnownJob,
            serializer=JSONSerializer,
            log_job_description=False,
            worker_ttl=LISTENING_SECONDS,
        )
        worker.stopping = running.stop
        # A bell that an earlier run heard and did not live to answer must not keep ours silent.
        runner.run(base.store.write("DEL", bell_key(kind)))
        sweep = Sweep(url, kind)
        sweep.start()
        rotation = Rotation(settings.data_dir / "keys", CUSTODY.get(kind, ()))
        rotation.start()
        log.info("worker.ready")
        worker.work(logging_level="WARNING")
        rotation.stop()
        sweep.stop()
        runner.run(close())
        return worker.told_to_stop


async def _work(kind: str, base: Base, bells: Bells) -> tuple[Work, Afterwards, Afterwards]:
    """The work of this kind, what follows each drain, and how to close; imports only its needs."""
    build = {"push": _push, "media": _media, "notices": _notices, "delivery": _delivery}[kind]
    work, afterwards, closings = await build(base, bells)

    async def close() -> None:
        for closing in closings:
            await closing()
        await bells.close()
        await base.store.close()

    return work, afterwards, close


async def _nothing() -> None:
    return None


Built = tuple[Work, Afterwards, list[Afterwards]]


async def _push(base: Base, bells: Bells) -> Built:
    from bot.store.reports import KEPT_SECONDS, Reports
    from bot.store.tokens import Tokens
    from workers.cases import connect
    from workers.cases.mapping import submission
    from workers.push import Push

    settings = base.settings
    cases = connect(settings, Tokens(base.store))
    push = Push(
        base.store,
        Reports(base.store),
        cases,
        lambda report, links: submission(
            report,
            base.form,
            base.catalogues.say,
            links,
            settings.default_locale,
            to_the=settings.case_times,
        ),
        lambda media, kind: base.links.url(media, kind, KEPT_SECONDS),
    )
    return push, _nothing, [cases.close]


async def _media(base: Base, bells: Bells) -> Built:
    from workers.fetching import Fetching
    from workers.media.sanitizer import Sanitizer

    modules = switched_on(base.settings)
    sources = {name: module.Source(base.surroundings) for name, module in modules.items()}
    sanitizer = Sanitizer(processes=2)
    await sanitizer.__aenter__()

    async def close() -> None:
        await sanitizer.__aexit__(None, None, None)

    key = fetch_key(base.settings)
    fetching = Fetching(base.store, base.media, sources, sanitizer, bells, key=key)
    return fetching, fetching.clean, [close, *(source.close for source in sources.values())]


async def _notices(base: Base, bells: Bells) -> Built:
    from bot.store.reports import Reports
    from workers.notices import Notices

    key = progress_key(base.settings)
    notices = Notices(
        base.store,
        Reports(base.store, key),
        base.keys,
        bells,
        key=key,
        handoff=handoff_key(base.settings),
        over_seconds=base.settings.vault_days * 24 * 3600,
    )
    return notices, notices.rewrite, []


async def _delivery(base: Base, bells: Bells) -> Built:
    from workers.delivery import Delivery

    modules = switched_on(base.settings)
    senders = {name: module.Sender(base.surroundings) for name, module in modules.items()}
    key = handoff_key(base.settings)
    delivery = Delivery(base.store, base.keys, senders, base.catalogues.say, key)
    return delivery, delivery.forget, [sender.close for sender in senders.values()]


if __name__ == "__main__":
    if sys.argv[1:] not in [[kind] for kind in KINDS]:
        print(f"Which worker? One of: {', '.join(KINDS)}.", file=sys.stderr)
        raise SystemExit(2)
    raise SystemExit(main(sys.argv[1]))
