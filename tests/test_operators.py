"""``/operators/parked``: who may, what is told and what is not, and what putting back does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from bot.bells import Bells
from bot.operators import (
    BODY_MOST,
    LISTED_MOST,
    NAME_LETTERS,
    PATH,
    PUT_BACK_MOST,
    REASON_MOST,
    Operators,
)
from bot.store.connection import Store
from bot.store.outbox import KINDS, Outbox

KEY = "only-a-test-knows-this-key-of-operators"
NAMING = b"n" * 32
REFERENCE = "A" * 26
DOUBT = "CaseInDoubt: cases cannot be listed: HTTP 501"
Client = TestClient[web.Request, web.Application]


def served(store: Store, bells: Bells) -> TestServer:
    application = web.Application()
    outboxes = {kind: Outbox(store, kind) for kind in KINDS}
    Operators(KEY, NAMING, outboxes, bells).add_routes(application)
    return TestServer(application)


@pytest.fixture
async def door(store: Store, valkey_url: str) -> AsyncIterator[Client]:
    bells = Bells(store, valkey_url)
    async with TestClient(served(store, bells)) as client:
        client.session.headers["Authorization"] = f"Bearer {KEY}"
        yield client
    await bells.close()


async def park(store: Store, kind: str, *names: str, reason: str = "KeyError") -> None:
    work = Outbox(store, kind)
    for name in names:
        for command in work.add(name, b"body"):
            await store.write(*command)
    for entry in await work.claim(len(names), 60):
        assert await work.park(entry, reason)


async def told(door: Client) -> dict[str, Any]:
    answer = await door.get(PATH)
    assert answer.status == 200
    found: dict[str, Any] = await answer.json()
    return found


async def wish(door: Client, **fields: object) -> int:
    return (await door.post(PATH, data=orjson.dumps(fields))).status


async def test_nothing_parked_is_nothing(door: Client) -> None:
    assert await told(door) == {"counts": {}, "parked": []}


async def test_what_is_parked_is_listed_with_its_reason(door: Client, store: Store) -> None:
    await park(store, "push", REFERENCE, reason=DOUBT)
    await park(store, "delivery", "r1.2", "r2.2", reason="channel telegram is switched off")
    found = await told(door)
    assert found["counts"] == {"push": 1, "delivery": 2}
    assert found["parked"][0] == {"kind": "push", "id": REFERENCE, "reason": DOUBT}
    assert {row["reason"] for row in found["parked"][1:]} == {"channel telegram is switched off"}


async def test_only_reports_are_called_by_their_own_name(door: Client, store: Store) -> None:
    """Neither whose notice it is, nor who wants to be forgotten, nor who wrote."""
    names = {
        "notices": f"{REFERENCE}.forget",
        "delivery": "record-of-a-return-address.2",
        "media": "M" * 22,
        "replies": "event-0123456789abcdef",
    }
    for kind, name in names.items():
        await park(store, kind, name)
    found = await told(door)
    assert {row["kind"] for row in found["parked"]} == set(names)
    for row in found["parked"]:
        assert len(row["id"]) == NAME_LETTERS
    said = orjson.dumps(found).decode()
    for name in names.values():
        assert name.split(".")[0] not in said


@pytest.mark.parametrize("count", [LISTED_MOST, LISTED_MOST + 1])
async def test_the_list_is_cut_and_the_count_is_not(door: Client, store: Store, count: int) -> None:
    await park(store, "push", *(f"{number:026}" for number in range(count)))
    await park(store, "media", "one")
    found = await told(door)
    assert found["counts"] == {"push": count, "media": 1}
    assert len(found["parked"]) == LISTED_MOST + 1


@pytest.mark.parametrize("length", [REASON_MOST, REASON_MOST + 1])
async def test_a_reason_is_cut(door: Client, store: Store, length: int) -> None:
    await park(store, "push", REFERENCE, reason="x" * length)
    [row] = (await told(door))["parked"]
    assert row["reason"] == "x" * REASON_MOST


@pytest.mark.parametrize("kind", ["push", "media", "notices", "delivery", "replies"])
async def test_each_kind_is_put_back_and_rung_for(door: Client, store: Store, kind: str) -> None:
    await park(store, kind, "the.name", "the.other")
    heard = store.client.pubsub()
    await heard.subscribe("bell:replies")
    before = {row["id"] for row in (await told(door))["parked"]}
    assert await wish(door, kind=kind, id=sorted(before)[0]) == 200
    assert {row["id"] for row in (await told(door))["parked"]} == {sorted(before)[1]}
    [entry] = await Outbox(store, kind).claim(10, 60)
    assert (entry.body, entry.attempts) == (b"body", 2)
    if kind == "replies":
        assert await heard.get_message(timeout=5)
        assert await heard.get_message(timeout=5)
    else:
        assert await store.read("EXISTS", f"bell:{kind}")
    await heard.aclose()  # type: ignore[no-untyped-call]
    assert await wish(door, kind=kind, id=sorted(before)[0]) == 404


async def test_a_report_in_doubt_is_sent_as_new_and_no_other(door: Client, store: Store) -> None:
    await park(store, "push", REFERENCE, reason=DOUBT)
    await park(store, "push", "B" * 26, reason="CaseRefused: HTTP 400")
    await park(store, "delivery", "record.1", reason=DOUBT)
    assert await wish(door, kind="push", id="B" * 26, anew=True) == 409
    [named] = [row["id"] for row in (await told(door))["parked"] if row["kind"] == "delivery"]
    assert await wish(door, kind="delivery", id=named, anew=True) == 409
    assert await Outbox(store, "push").depth() == await Outbox(store, "delivery").depth() == 0
    assert await wish(door, kind="push", id=REFERENCE, anew=True) == 200
    [entry] = await Outbox(store, "push").claim(10, 60)
    assert (entry.id, entry.attempts) == (REFERENCE, 1)
    assert await wish(door, kind="push", id=REFERENCE, anew=True) == 404


async def test_a_report_whose_case_was_found_is_dropped_and_no_other(
    door: Client, store: Store
) -> None:
    await park(store, "push", REFERENCE, reason=DOUBT)
    await park(store, "push", "B" * 26, reason="CaseRefused: HTTP 400")
    for reference in (REFERENCE, "B" * 26):
        await store.write("SET", f"report:{reference}", b"words")
    assert await wish(door, kind="push", id="B" * 26, drop=True) == 409
    assert await wish(door, kind="push", id=REFERENCE, drop=True) == 200
    assert list(await Outbox(store, "push").parked()) == ["B" * 26]
    assert await store.read("EXISTS", f"report:{REFERENCE}") == 0
    assert await store.read("EXISTS", f"report:{'B' * 26}") == 1
    assert await store.read("HKEYS", "outbox:push:bodies") == [b"B" * 26]
    assert await Outbox(store, "push").depth() == 0
    assert await wish(door, kind="push", id=REFERENCE, drop=True) == 404


@pytest.mark.parametrize("count", [PUT_BACK_MOST, PUT_BACK_MOST + 1])
async def test_all_of_a_kind_so_many_at_a_time(door: Client, store: Store, count: int) -> None:
    work = Outbox(store, "push")
    for number in range(count):
        await store.write("HSET", "outbox:push:parked", f"{number:026}", DOUBT)
    await park(store, "media", "one")
    answer = await door.post(PATH, data=orjson.dumps({"kind": "push", "all": True}))
    assert await answer.json() == {"put_back": PUT_BACK_MOST}
    assert len(await work.parked()) == count - PUT_BACK_MOST
    assert (await told(door))["counts"]["media"] == 1


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", f"Bearer {KEY[:-1]}", f"Bearer {KEY}x", KEY, "Bearer 密钥"]
)
async def test_without_the_key_nothing_is_told_or_done(
    store: Store, valkey_url: str, header: str
) -> None:
    await park(store, "push", REFERENCE)
    bells = Bells(store, valkey_url)
    headers = {"Authorization": header} if header else {}
    async with TestClient(served(store, bells)) as client:
        body = orjson.dumps({"kind": "push", "id": REFERENCE})
        for answer in (
            await client.get(PATH, headers=headers),
            await client.post(PATH, headers=headers, data=body),
        ):
            assert answer.status == 401
            assert REFERENCE not in await answer.text()
    await bells.close()
    assert list(await Outbox(store, "push").parked()) == [REFERENCE]


async def test_a_key_that_is_no_text_is_a_wrong_one(door: Client) -> None:
    reader, writer = await asyncio.open_connection(door.host, door.port)
    writer.write(f"GET {PATH} HTTP/1.0\r\nAuthorization: Bearer ".encode() + b"\xff\r\n\r\n")
    assert b" 401 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_the_key_and_the_names_stand_in_no_log(door: Client, store: Store) -> None:
    await park(store, "push", REFERENCE)
    with capture_logs() as lines:
        assert await wish(door, kind="push", id=REFERENCE) == 200
        door.session.headers["Authorization"] = "Bearer another-key"
        assert await wish(door, kind="push", id=REFERENCE) == 401
    assert [line["event"] for line in lines] == ["operators.put_back", "operators.refused"]
    assert KEY not in str(lines)
    assert "another-key" not in str(lines)
    assert REFERENCE not in str(lines)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"id": "a"}',
        b'{"kind": "push"}',
        b'{"kind": "nonsense", "id": "a"}',
        b'{"kind": "push", "id": "a", "all": true}',
        b'{"kind": "push", "all": true, "anew": true}',
        b'{"kind": "push", "all": true, "drop": true}',
        b'{"kind": "push", "id": "a", "drop": true, "anew": true}',
        b'{"kind": "push", "id": "a", "anew": "yes"}',
        b'{"kind": "push", "id": "a", "more": 1}',
    ],
)
async def test_what_is_no_wish_is_refused(door: Client, body: bytes) -> None:
    assert (await door.post(PATH, data=body)).status == 400


async def test_length_of_a_wish_on_both_sides(door: Client) -> None:
    least = orjson.dumps({"kind": "push", "id": "a"})
    assert (await door.post(PATH, data=least.ljust(BODY_MOST))).status == 404
    assert (await door.post(PATH, data=least.ljust(BODY_MOST + 1))).status == 413


async def test_a_store_that_is_away_is_said(valkey_url: str) -> None:
    store = Store.at("unix:///nowhere/valkey.sock")
    bells = Bells(store, valkey_url)
    async with TestClient(served(store, bells)) as client:
        client.session.headers["Authorization"] = f"Bearer {KEY}"
        assert (await client.get(PATH)).status == 503
        assert await wish(client, kind="push", id=REFERENCE) == 503
    await bells.close()
    await store.close()
