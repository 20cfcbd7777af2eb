"""``POST /hooks/case``: signatures, repeats, order, and one notice for each change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace
from standardwebhooks import Webhook

from bot.bells import Bells
from bot.core.report import Place, Report
from bot.hooks import BODY_MOST, STEPS_MOST, CaseHook
from bot.store.connection import Store
from bot.store.orders import NoticeOrder, notices_order
from bot.store.outbox import Outbox
from bot.store.reports import Reports

OLD, NEW = "whsec_" + "b2xk" * 8, "whsec_" + "bmV3" * 8
REFERENCE = "A" * 26
MEDIA = "M" * 22
REPORT = Report(
    REFERENCE, "fire", "blocked_exit", Place(words="解放路"), (MEDIA,), "", False, datetime.now(UTC)
)
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def hook(store: Store, valkey_url: str) -> AsyncIterator[Client]:
    for command in Reports(store).submitted(REPORT, "record", b"sealed"):
        await store.write(*command)
    async with served(store, valkey_url) as client:
        yield client


@asynccontextmanager
async def served(store: Store, valkey_url: str) -> AsyncIterator[Client]:
    bells = Bells(store, valkey_url)
    application = web.Application()
    notices = Outbox(store, "notices")
    handler = CaseHook(f"{NEW} {OLD}", Reports(store), notices, bells, media_days=60)
    application.router.add_post("/hooks/case", handler.handle)
    async with TestClient(TestServer(application)) as client:
        yield client
    await bells.close()


def event(
    version: object = 2, status: object = "verified", at: object = None, **data: object
) -> bytes:
    return orjson.dumps(
        {
            "type": "case.updated",
            "timestamp": at or datetime.now(UTC),
            "data": {
                "reference": REFERENCE,
                "case_id": "7",
                "status": status,
                "version": version,
                "note": "已到场",
            }
            | data,
        }
    )


async def post(hook: Client, body: bytes, secret: str = NEW, age: timedelta = timedelta(0)) -> int:
    moment = datetime.now(UTC) - age
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", moment, body.decode()),
    }
    answer = await hook.post("/hooks/case", data=body, headers=headers)
    return answer.status


async def notices(store: Store) -> list[NoticeOrder]:
    entries = await Outbox(store, "notices").claim(10, 60)
    orders = [notices_order(entry.body) for entry in entries]
    return [order for order in orders if isinstance(order, NoticeOrder)]


async def test_a_change_becomes_one_notice(hook: Client, store: Store) -> None:
    assert await post(hook, event()) == 200
    assert await notices(store) == [NoticeOrder(REFERENCE, 2, "verified", "已到场")]
    standing = await Reports(store).standing(REFERENCE)
    assert standing is not None
    assert (standing.progress.status, standing.note) == ("verified", "已到场")


async def test_repeats_and_older_versions_change_nothing(hook: Client, store: Store) -> None:
    answers = await asyncio.gather(*(post(hook, event(3, "rectified")) for _ in range(8)))
    assert set(answers) == {200}
    assert await post(hook, event(2, "verified")) == 200
    assert [order.status for order in await notices(store)] == ["rectified"]


async def test_what_is_not_known_to_be_on_disk_is_to_be_said_again(
    hook: Client, store: Store, valkey_url: str
) -> None:
    alone = Store.at(valkey_url, replicas=1)
    with patch("bot.store.connection.ON_DISK_MS", 20):
        async with served(alone, valkey_url) as without_replicas:
            assert [await post(without_replicas, event()) for _ in range(2)] == [503, 503]
    await alone.close()
    assert await post(hook, event()) == 200
    assert len(await notices(store)) == 1


async def test_both_secrets_hold_while_one_is_being_replaced(hook: Client) -> None:
    assert await post(hook, event(2), OLD) == 200
    assert await post(hook, event(3), NEW) == 200


async def test_forged_altered_and_late_events_are_refused(hook: Client, store: Store) -> None:
    assert await post(hook, event(), "whsec_" + "eHh4" * 8) == 401
    assert await post(hook, event(), age=timedelta(minutes=6)) == 401
    assert await post(hook, event(), age=timedelta(minutes=-6)) == 401
    assert (await hook.post("/hooks/case", data=event())).status == 401
    assert await notices(store) == []
    assert await post(hook, event(), age=timedelta(minutes=4)) == 200


async def test_opening_a_case_is_recorded_and_not_announced(hook: Client, store: Store) -> None:
    assert await post(hook, event(1, "received")) == 200
    assert await notices(store) == []


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"reference": "B" * 26}, 404),
        ({"status": "invented"}, 400),
        ({"version": 0}, 400),
        ({"version": "two"}, 400),
        ({"version": 2**53 - 1}, 200),
        ({"version": 2**53}, 400),
        ({"version": 1e300}, 400),
        ({"note": None}, 200),
    ],
)
async def test_what_the_event_must_say(hook: Client, data: dict[str, object], status: int) -> None:
    assert await post(hook, event(**data)) == status


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2026-11-25T10:00:00", 400),
        ("2026-11-25T10:00:00Z", 200),
        ("0001-01-01T00:00:00Z", 400),
        ("0002-01-01T00:00:00+23:59", 200),
        ("9998-12-31T23:59:59-23:59", 200),
        ("9999-12-31T23:59:59Z", 400),
    ],
)
async def test_when_it_was_can_be_shown_in_every_zone(hook: Client, at: str, status: int) -> None:
    assert await post(hook, event(at=at)) == status


async def test_what_is_no_event_is_refused(hook: Client) -> None:
    assert await post(hook, b"[]") == 400
    assert await post(hook, b'"%s"' % (b"x" * (BODY_MOST - 2))) == 400
    assert await post(hook, b'"%s"' % (b"x" * (BODY_MOST - 1))) == 413


async def test_of_many_changes_the_first_and_the_newest_are_kept(
    hook: Client, store: Store
) -> None:
    for version in range(1, STEPS_MOST + 1):
        assert await post(hook, event(version, "rectified" if version % 2 else "rectifying")) == 200
    before = await Reports(store).standing(REFERENCE)
    assert before is not None
    assert len(before.steps) == STEPS_MOST
    assert await post(hook, event(STEPS_MOST + 1, "closed")) == 200
    after = await Reports(store).standing(REFERENCE)
    assert after is not None
    half = STEPS_MOST // 2
    assert after.steps[:half] == before.steps[:half]
    assert after.steps[half:-1] == before.steps[half + 1 :]
    assert after.progress.status == "closed"


async def test_pictures_are_there_as_long_as_the_case_and_a_while_after(
    hook: Client, store: Store
) -> None:
    assert await post(hook, event(1, "verifying")) == 200
    assert await days_left(store) == {400}
    assert await post(hook, event(2, "closed")) == 200
    assert await days_left(store) == {60}
    assert await post(hook, event(3, "reopened")) == 200
    assert await days_left(store) == {400}


async def test_but_for_no_more_than_400_days_in_all(hook: Client, store: Store) -> None:
    reports = Reports(store)
    standing = await reports.standing(REFERENCE)
    assert standing is not None
    submitted = standing.submitted_at - timedelta(days=390)
    assert await reports.change(standing, replace(standing, submitted_at=submitted), [])
    for version, status in enumerate(("verifying", "closed"), start=1):
        assert await post(hook, event(version, status)) == 200
        assert await days_left(store) == {10}


async def days_left(store: Store) -> set[int]:
    """For how long its pictures stand."""
    names = [f"safe/{MEDIA}", f"thumbnail/{MEDIA}"]
    ends = [float(await store.read("ZSCORE", "media:expiry", name)) for name in names]
    return {round((end - time.time()) / (24 * 3600)) for end in ends}
