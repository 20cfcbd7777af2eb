"""Every change reaches the gateway once it can be reached: in order, signed, taken once."""

import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desk import outbox
from desk.sender import Pace
from tests.desk.receiver import Answer, Receiver, refuse_with, slow, take
from tests.desk.running import RunningDesk, until

LOOP = ("accepted", "verifying", "verified", "rectifying", "rectified", "closed")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as running:
        yield running


@pytest.fixture
async def desk(tmp_path: Path, receiver: Receiver) -> AsyncIterator[RunningDesk]:
    async with RunningDesk.at(tmp_path, CASE_HOOK_URL=receiver.url) as running:
        await running.log_in("王芳")
        yield running


async def waiting(desk: RunningDesk) -> int:
    def count(connection: sqlite3.Connection) -> int:
        row = connection.execute("SELECT count(*) FROM outbox WHERE delivered_at IS NULL")
        return int(row.fetchone()[0])

    return await desk.database.run(count)


async def none_waits(desk: RunningDesk) -> None:
    async def empty() -> bool:
        return await waiting(desk) == 0

    await until(empty)


async def walk(desk: RunningDesk, number: str) -> None:
    for version, status in enumerate(LOOP, start=1):
        await desk.move(number, version, status, f"第 {version} 步")


async def test_an_opened_case_is_told_at_once(desk: RunningDesk, receiver: Receiver) -> None:
    number = await desk.open(**{"attribute[reference]": "ref-1"})
    await none_waits(desk)
    (event,) = receiver.taken
    assert event["type"] == "case.updated"
    assert event["timestamp"] == "2026-11-23T04:00:00Z"
    assert event["data"] == {
        "reference": "ref-1",
        "case_id": number,
        "status": "received",
        "version": 1,
        "note": "",
    }


async def test_a_note_goes_with_its_change(desk: RunningDesk, receiver: Receiver) -> None:
    number = await desk.open(**{"attribute[reference]": "ref-1"})
    await desk.move(number, 1, "verified", "已到现场，\r\n情况属实。")
    await none_waits(desk)
    assert receiver.taken[-1]["data"] == {
        "reference": "ref-1",
        "case_id": number,
        "status": "verified",
        "version": 2,
        "note": "已到现场，\n情况属实。",
    }


async def test_a_case_without_a_reference_is_not_told(
    desk: RunningDesk, receiver: Receiver
) -> None:
    number = await desk.open()
    await desk.move(number, 1, "accepted")
    other = await desk.open(**{"attribute[reference]": "ref-1"})
    await none_waits(desk)
    assert receiver.versions(number) == []
    assert receiver.versions(other) == [1]


@pytest.mark.parametrize(
    "failing", [refuse_with(500), refuse_with(302), refuse_with(410), refuse_with(400), slow(30)]
)
async def test_what_is_not_taken_is_sent_again_in_order(
    desk: RunningDesk, receiver: Receiver, failing: Answer
) -> None:
    receiver.answer = failing
    numbers = [await desk.open(**{"attribute[reference]": f"ref-{n}"}) for n in range(2)]
    for number in numbers:
        await walk(desk, number)

    async def was_tried() -> bool:
        return len(receiver.tried) >= 4

    await until(was_tried)
    assert receiver.taken == []
    assert await waiting(desk) == 14
    receiver.answer = take
    await none_waits(desk)
    for number in numbers:
        assert receiver.versions(number) == [1, 2, 3, 4, 5, 6, 7]


async def test_a_gateway_that_is_down(tmp_path: Path) -> None:
    async with Receiver() as gone:
        port = gone.port
    async with RunningDesk.at(tmp_path, CASE_HOOK_URL=gone.url) as desk:
        await desk.log_in()
        number = await desk.open(**{"attribute[reference]": "ref-1"})
        await walk(desk, number)

        async def has_failed() -> bool:
            found = await desk.database.run(outbox.deliveries, int(number))
            return found[1].attempts > 1

        await until(has_failed)
        page = await desk.page(f"/cases/{number}")
        assert "尚未送达" in page
        assert "ClientConnectorError" in page
        async with Receiver(port=port) as back:
            await none_waits(desk)
            assert back.versions(number) == [1, 2, 3, 4, 5, 6, 7]
        assert "尚未送达" not in await desk.page(f"/cases/{number}")


async def test_a_clock_that_is_put_back_holds_nothing_up(
    desk: RunningDesk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.answer = refuse_with(503)
    now = time.time
    with monkeypatch.context() as early:
        early.setattr(time, "time", lambda: now() + 3600)
        await desk.open(**{"attribute[reference]": "ref-1"})

        async def was_tried() -> bool:
            return len(receiver.tried) > 1

        await until(was_tried)
    receiver.answer = take
    await none_waits(desk)


async def test_a_restart_sends_what_was_waiting(tmp_path: Path, receiver: Receiver) -> None:
    patient = Pace(first=3600, longest=3600)
    receiver.answer = refuse_with(503)
    first = RunningDesk.at(tmp_path, CASE_HOOK_URL=receiver.url)
    first.pace = patient
    async with first:
        number = await first.open(**{"attribute[reference]": "ref-1"})
        await first.log_in()
        await first.move(number, 1, "accepted")

        async def was_tried() -> bool:
            return (await first.database.run(outbox.deliveries, int(number)))[1].attempts == 1

        await until(was_tried)
    receiver.answer = take
    async with RunningDesk.at(tmp_path, CASE_HOOK_URL=receiver.url) as second:
        await none_waits(second)
    assert receiver.versions(number) == [1, 2]


async def test_the_same_id_and_a_fresh_timestamp_for_each_try(
    desk: RunningDesk, receiver: Receiver
) -> None:
    receiver.answer = refuse_with(500)
    await desk.open(**{"attribute[reference]": "ref-1"})

    async def a_second_passed() -> bool:
        return len({timestamp for _, timestamp in receiver.tried}) > 1

    await until(a_second_passed)
    assert len({webhook_id for webhook_id, _ in receiver.tried}) == 1


async def test_one_case_in_trouble_does_not_hold_up_another(
    tmp_path: Path, receiver: Receiver
) -> None:
    running = RunningDesk.at(tmp_path, CASE_HOOK_URL=receiver.url)
    running.pace = Pace(first=3600, longest=3600)
    async with running as desk:
        receiver.answer = refuse_with(500)
        stuck = await desk.open(**{"attribute[reference]": "ref-1"})

        async def was_tried() -> bool:
            return (await desk.database.run(outbox.deliveries, int(stuck)))[1].attempts == 1

        await until(was_tried)
        receiver.answer = take
        other = await desk.open(**{"attribute[reference]": "ref-2"})

        async def arrived() -> bool:
            return receiver.versions(other) == [1]

        await until(arrived)
        assert receiver.versions(stuck) == []


def test_delays_double_up_to_a_limit_and_refusals_wait_longer() -> None:
    pace = Pace()
    for attempts, full in ((0, 1), (1, 2), (5, 32), (6, 60), (1000, 60)):
        assert full / 2 <= pace.delay(attempts, refused=False) <= full
    for attempts, full in ((0, 60), (1, 120), (6, 3600), (1000, 3600)):
        assert full / 2 <= pace.delay(attempts, refused=True) <= full
    assert len({pace.delay(3, refused=False) for _ in range(20)}) > 1
