"""The composition root of the bot process: channels, conversation, hooks, links, health."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from bot.bells import Bells
from bot.channels.contract import Channel
from bot.channels.registry import switched_on
from bot.gateway import Gateway, Language
from bot.guarded import Guarded
from bot.health import Counted, Metrics, add_health_routes
from bot.hooks import CaseHook
from bot.in_hand import InHand
from bot.media_links import add_media_routes
from bot.operators import Operators
from bot.replies import Replies
from bot.secrets import (
    Secrets,
    conversation_secrets,
    fetch_key,
    hook_secret,
    operator_key,
    progress_key,
    receipt_key,
)
from bot.store.conversations import Conversations
from bot.store.limits import Limits
from bot.store.outbox import KINDS, Outbox
from bot.store.receipts import Receipts
from bot.store.reports import Reports
from bot.surroundings import Base, build_base
from bot.watchdog import watched
from config.settings import Settings
from handlers import conversation

GARBAGE_BEFORE_LOOKING = 50_000
UPLOAD_MOST = 21 * 1024 * 1024
# With what answers and bells may take, all within the supervisor's patience.
CHANNELS_STOP_SECONDS = 7
REQUESTS_STOP_SECONDS = 3
# Many times the longest that anything here keeps the loop from turning.
STUCK_SECONDS = 20.0

log = structlog.get_logger()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[str]:
    """The bot, listening; gives its address.

    Raises OSError for a taken port, `SettingRefused` where it cannot write what it has in hand.
    """
    base, secrets = build_base(settings), conversation_secrets(settings)
    in_hand = InHand(settings.data_dir / "in_hand")
    url = settings.redis_url.get_secret_value()
    bells = Bells(base.store, url)
    metrics = Metrics()
    fetch = dict.fromkeys(("media", "replies"), fetch_key(settings))
    keys = fetch | {"notices": progress_key(settings)}
    outboxes = {kind: Outbox(base.store, kind, keys.get(kind)) for kind in KINDS}
    reports = Reports(base.store, progress_key(settings))
    gateway = _gateway(base, secrets, reports, outboxes, bells)
    turns = Counted(Guarded(gateway, in_hand, secrets.key("in_hand")), metrics)
    channels: dict[str, Channel] = {
        name: module.Channel(base.surroundings, turns)
        for name, module in switched_on(settings).items()
    }
    application = web.Application(client_max_size=UPLOAD_MOST)
    hook = CaseHook(
        hook_secret(settings),
        reports,
        outboxes["notices"],
        bells,
        media_days=settings.media_days,
    )
    application.router.add_post("/hooks/case", hook.handle)
    named = secrets.key("operators")
    operators = operator_key(settings)
    Operators(operators, named, outboxes, bells).add_routes(application)
    add_health_routes(application, base.store, base.keys, metrics, operators)
    add_media_routes(application, base.links, base.media)
    for channel in channels.values():
        channel.add_routes(application)
    replies = Replies(base.store, outboxes["replies"], secrets.key("replies"), turns, channels)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=REQUESTS_STOP_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        for channel in channels.values():
            await channel.start()
        replies.start()
        # What stands now stands for good: the collector need not walk over it again and again.
        gc.collect()
        gc.freeze()
        # And what a turn makes is gone when it ends, by its reference counts.
        gc.set_threshold(GARBAGE_BEFORE_LOOKING)
        yield settings.address
    finally:
        await replies.stop()
        await stop(channels.values())
        await runner.cleanup()
        await bells.close()
        await base.store.close()
        in_hand.close()


async def stop(channels: Iterable[Channel]) -> None:
    """As far as they get in time; what is not finished was not acknowledged, and comes again."""
    try:
        async with asyncio.timeout(CHANNELS_STOP_SECONDS):
            await asyncio.gather(*(channel.stop() for channel in channels))
    except TimeoutError:
        log.warning("bot.stopped_early")


def _gateway(
    base: Base, secrets: Secrets, reports: Reports, outboxes: dict[str, Outbox], bells: Bells
) -> Gateway:
    catalogues = base.catalogues
    return Gateway(
        handlers=conversation,
        form=base.form,
        language=Language(catalogues.speaking, catalogues.best, catalogues.locales),
        conversations=Conversations(base.store, secrets.key("conversations")),
        reports=reports,
        receipts=Receipts(base.store, receipt_key(base.settings)),
        limits=Limits(base.store, secrets.key("limits")),
        outboxes=outboxes,
        keys=base.keys,
        reply_key=secrets.key("replies"),
        bells=bells,
    )


async def serve(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    # Not while it starts: it imports what its channels need, which takes a busy machine long.
    async with running(settings) as address, watched(STUCK_SECONDS):
        log.info("bot.ready", address=address)
        await stopped.wait()
