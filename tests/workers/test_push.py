"""Pushing: once, with its pictures, and never twice blindly."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from unittest.mock import patch

import pytest

from bot.core.errors import (
    CaseInDoubt,
    CaseRefused,
    CaseSystemDown,
    CaseSystemError,
    CaseThrottled,
)
from bot.core.report import Place, Report
from bot.store.connection import Store
from bot.store.media_records import made_safe
from bot.store.outbox import DEATHS_MOST, Entry, LeaseLost, Outbox
from bot.store.reports import KEPT_SECONDS, Reports
from bot.store.tokens import Tokens
from workers.cases.breaker import FAILURES_BEFORE
from workers.cases.contract import Submission
from workers.push import PICTURES_SECONDS, Push
from workers.sent import TIMES

KEY = b"k" * 32
MEDIA = ("A" * 22, "B" * 22)


class Cases:
    """A case system in memory; `opens` and `finds` are what it answers, or raises."""

    patience_seconds = 20.0

    def __init__(self) -> None:
        self.opened: list[Submission] = []
        self.asked: list[str] = []
        self.found: str | None = None
        self.fails: Exception | None = None

    async def open_case(self, submission: Submission) -> str:
        self.opened.append(submission)
        if self.fails:
            raise self.fails
        return f"case-{len(self.opened)}"

    async def find_case(self, reference: str, submitted_at: datetime) -> str | None:
        self.asked.append(reference)
        if self.fails and isinstance(self.fails, CaseInDoubt):
            raise self.fails
        return self.found

    async def close(self) -> None:
        return None


class Stand:
    """A push with one report waiting."""

    def __init__(self, store: Store, ahead: float = 0, media: tuple[str, ...] = ()) -> None:
        self.store = store
        self.cases = Cases()
        self.reports = Reports(store)
        self.push = Push(store, self.reports, self.cases, self._submission, self._link)
        submitted = datetime.fromtimestamp(time.time() + ahead, UTC)
        self.report = Report(
            "R" * 26, "fire", "", Place(words="解放路"), media, "", False, submitted
        )

    async def waits(self) -> Stand:
        commands = [
            *self.reports.submitted(self.report, "record", b"sealed"),
            *self.push.outbox.add(self.report.reference),
        ]
        for command in commands:
            await self.store.write(*command)
        return self

    async def ages(self, seconds: float) -> None:
        """By the store's clock, which is what is left of the time for which it is kept."""
        left = int((KEPT_SECONDS - seconds) * 1000)
        await self.store.write("PEXPIRE", f"report:{self.report.reference}", left)

    async def claims(self) -> Entry:
        await self.store.write("ZADD", "outbox:push", "XX", 0, self.report.reference)
        [entry] = await self.push.outbox.claim(1, 60)
        return entry

    def _submission(self, report: Report, links: tuple[str, ...]) -> Submission:
        return Submission(report, "fire", "", report.submitted_at, links)

    @staticmethod
    def _link(media: str, kind: str) -> str:
        return f"https://gateway/{media}.{kind}"


async def test_opens_a_case_and_forgets_the_report(store: Store) -> None:
    stand = await Stand(store).waits()
    await stand.push.do(await stand.claims())
    assert [one.report for one in stand.cases.opened] == [stand.report]
    assert stand.cases.asked == []
    assert await stand.reports.report(stand.report.reference) is None
    assert await store.read("GET", f"case:{stand.report.reference}") == b"case-1"
    assert await stand.push.outbox.depth() == 0


async def test_asks_before_it_sends_again(store: Store) -> None:
    stand = await Stand(store).waits()
    stand.cases.fails = CaseSystemDown("reset")
    with pytest.raises(CaseSystemDown):
        await stand.push.do(await stand.claims())
    stand.cases.fails, stand.cases.found = None, "case-9"
    await stand.push.do(await stand.claims())
    assert len(stand.cases.opened) == 1
    assert await store.read("GET", f"case:{stand.report.reference}") == b"case-9"


async def test_sends_again_only_what_is_not_there(store: Store) -> None:
    stand = await Stand(store).waits()
    await stand.claims()
    await stand.push.do(await stand.claims())
    assert stand.cases.asked == [stand.report.reference]
    assert len(stand.cases.opened) == 1


async def test_in_doubt_nothing_is_sent(store: Store) -> None:
    stand = await Stand(store).waits()
    await stand.claims()
    stand.cases.fails = CaseInDoubt("it cannot be searched")
    with pytest.raises(CaseInDoubt):
        await stand.push.do(await stand.claims())
    assert stand.cases.opened == []


async def test_waits_for_its_pictures_and_names_only_the_safe_ones(store: Store) -> None:
    stand = await Stand(store, media=MEDIA).waits()
    media = Outbox(store, "media")
    for command in media.add(MEDIA[0], b"order"):
        await store.write(*command)
    await stand.push.do(await stand.claims())
    assert stand.cases.opened == []
    [order] = await media.claim(1, 60)
    await media.done(order, made_safe(MEDIA[0], "video/mp4"))
    await stand.push.do(await stand.claims())
    [sent] = stand.cases.opened
    assert sent.media_links == (f"https://gateway/{MEDIA[0]}.video/mp4",)
    assert stand.cases.asked == []


async def test_goes_without_pictures_that_take_too_long(store: Store) -> None:
    stand = await Stand(store, media=MEDIA).waits()
    for command in Outbox(store, "media").add(MEDIA[0], b"order"):
        await store.write(*command)
    await stand.ages(PICTURES_SECONDS - 5)
    await stand.push.do(await stand.claims())
    assert stand.cases.opened == []
    await stand.ages(PICTURES_SECONDS + 1)
    await stand.push.do(await stand.claims())
    assert [one.media_links for one in stand.cases.opened] == [()]


@pytest.mark.parametrize("ahead", [-3600, 3600])
async def test_a_bot_whose_clock_is_wrong_costs_no_pictures_and_no_time(
    store: Store, ahead: float
) -> None:
    stand = await Stand(store, ahead=ahead, media=MEDIA).waits()
    for command in Outbox(store, "media").add(MEDIA[0], b"order"):
        await store.write(*command)
    await stand.push.do(await stand.claims())
    assert stand.cases.opened == []
    await stand.ages(PICTURES_SECONDS + 1)
    await stand.push.do(await stand.claims())
    assert len(stand.cases.opened) == 1


async def test_whoever_takes_over_waits_for_the_pictures_too(store: Store) -> None:
    stand = await Stand(store, media=MEDIA).waits()
    for command in Outbox(store, "media").add(MEDIA[0], b"order"):
        await store.write(*command)
    await stand.claims()
    await stand.push.do(await stand.claims())
    assert (stand.cases.asked, stand.cases.opened) == ([], [])


async def test_what_was_not_answered_is_looked_up_and_left_alone_for_a_while(store: Store) -> None:
    stand = await Stand(store).waits()
    late = stand.cases.fails = CaseSystemDown("late", unanswered=True)
    with pytest.raises(CaseSystemDown):
        await stand.push.do(await stand.claims())
    stand.cases.fails = None
    await stand.push.do(await stand.claims())
    assert (len(stand.cases.asked), len(stand.cases.opened)) == (1, 1)
    wait = await stand.push.outbox.next_due_seconds()
    assert wait is not None
    assert stand.cases.patience_seconds < wait <= stand.cases.patience_seconds * TIMES
    await store.write("DEL", f"sent:{stand.report.reference}")  # as when its time is over
    stand.cases.fails = late
    with pytest.raises(CaseSystemDown):
        await stand.push.do(await stand.claims())
    stand.cases.fails = None
    await stand.push.do(await stand.claims())
    assert (len(stand.cases.asked), len(stand.cases.opened)) == (3, 2)


async def test_a_probe_that_may_not_send_yet_and_finds_nothing_ends_no_pause(store: Store) -> None:
    """A case system by webhook is not even asked then."""
    stand = await Stand(store).waits()
    stand.cases.fails = CaseSystemDown("late", unanswered=True)
    with pytest.raises(CaseSystemDown):
        await stand.push.do(await stand.claims())
    stand.cases.fails = None
    await store.write("SET", "cases:down", 3)  # and its pause is over
    await stand.push.do(await stand.claims())
    assert await store.read("GET", "cases:down") == b"3"
    assert await store.read("EXISTS", "cases:probe") == 0  # so somebody else may be the probe
    await store.write("DEL", f"sent:{stand.report.reference}")  # as when its time is over
    await stand.push.do(await stand.claims())
    assert len(stand.cases.opened) == 2
    assert await store.read("KEYS", "cases:*") == []


async def test_a_case_system_that_answers_nothing_is_down_whatever_is_looked_up_in_between(
    store: Store,
) -> None:
    stand = await Stand(store).waits()
    late = CaseSystemDown("late", unanswered=True)
    for _ in range(FAILURES_BEFORE):
        assert await store.read("EXISTS", "cases:pause") == 0
        await store.write("DEL", f"sent:{stand.report.reference}")
        stand.cases.fails, entry = late, await stand.claims()
        with pytest.raises(CaseSystemDown):
            await stand.push.do(entry)
        await stand.push.outbox.retry(entry, 0)
        stand.cases.fails = None
        await stand.push.do(await stand.claims())
    assert await store.read("EXISTS", "cases:pause") == 1


@pytest.mark.parametrize(
    "answer", [CaseSystemDown("HTTP 500"), CaseThrottled(0), CaseRefused("HTTP 400")]
)
async def test_what_was_answered_may_be_sent_again_at_once(
    store: Store, answer: CaseSystemError
) -> None:
    stand = await Stand(store).waits()
    stand.cases.fails = answer
    with pytest.raises(type(answer)):
        await stand.push.do(await stand.claims())
    stand.cases.fails = None
    await store.write("DEL", "cases:pause")  # as when its time is over
    await stand.push.do(await stand.claims())
    assert (len(stand.cases.asked), len(stand.cases.opened)) == (1, 2)
    assert await store.read("KEYS", "sent:*") == []


async def test_a_worker_that_dies_while_it_sends_leaves_a_note(store: Store) -> None:
    stand = await Stand(store).waits()
    sending, never = asyncio.Event(), asyncio.Event()

    async def open_case(_: Submission) -> str:
        sending.set()
        await never.wait()
        return ""

    stand.cases.open_case = open_case  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(stand.push.do(await stand.claims()))
    await sending.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await stand.push.do(await stand.claims())
    assert len(stand.cases.asked) == 1
    assert await stand.push.outbox.depth() == 1


async def test_while_the_case_system_is_down_nothing_is_tried_and_no_attempt_counts(
    store: Store,
) -> None:
    stand = await Stand(store).waits()
    stand.cases.fails = CaseSystemDown("502")
    for _ in range(FAILURES_BEFORE):
        entry = await stand.claims()
        with pytest.raises(CaseSystemDown):
            await stand.push.do(entry)
        await stand.push.outbox.retry(entry, 60)
    sent = len(stand.cases.opened)
    for _ in range(5):
        await stand.push.do(await stand.claims())
    assert len(stand.cases.opened) == sent
    wait = await stand.push.outbox.next_due_seconds()
    assert wait is not None and wait > 0
    assert (await stand.claims()).attempts == FAILURES_BEFORE + 1


async def test_one_who_slept_through_the_lease_sends_nothing(store: Store) -> None:
    stand = await Stand(store).waits()
    slept = await stand.claims()
    await stand.claims()
    with pytest.raises(LeaseLost):
        await stand.push.do(slept)
    assert stand.cases.opened == []


async def test_nothing_is_sent_before_claim_and_note_are_on_disk(
    store: Store, valkey_url: str
) -> None:
    """However long the replicas are away: that is nobody's attempt, and nobody's death."""
    alone = Store.at(valkey_url, replicas=1)
    stand, whole = await Stand(alone).waits(), Stand(store)
    with patch("bot.store.connection.ON_DISK_MS", 20):
        for _ in range(DEATHS_MOST + 1):
            await stand.push.do(entry := await stand.claims())
            assert (entry.attempts, entry.deaths) == (1, 0)
        await alone.close()
    assert (stand.cases.opened, stand.cases.asked) == ([], [])
    await whole.push.do(await whole.claims())
    assert (len(whole.cases.opened), whole.cases.asked) == (1, [])


async def test_nor_is_it_sent_again(store: Store, valkey_url: str) -> None:
    alone = Store.at(valkey_url, replicas=1)
    stand = await Stand(alone).waits()
    await stand.claims()
    with patch("bot.store.connection.ON_DISK_MS", 20):
        await stand.push.do(await stand.claims())
    await alone.close()
    assert (stand.cases.opened, len(stand.cases.asked)) == ([], 1)
    assert (await Stand(store).claims()).attempts == 2


async def test_what_is_sent_was_noted_before(store: Store) -> None:
    stand = await Stand(store).waits()
    opened, noted = stand.cases.open_case, list[int]()

    async def open_case(submission: Submission) -> str:
        noted.append(await store.read("PTTL", f"sent:{submission.report.reference}"))
        return await opened(submission)

    stand.cases.open_case = open_case  # type: ignore[method-assign]
    await stand.push.do(await stand.claims())
    assert noted[0] > stand.cases.patience_seconds * 1000
    assert await store.read("EXISTS", f"sent:{stand.report.reference}") == 0


async def test_a_token_outlives_the_worker_that_got_it(store: Store) -> None:
    before, after = Tokens(store), Tokens(store)
    await before.keep("R" * 26, "tk-1")
    assert await after.of("R" * 26) == "tk-1"
    assert await after.of("S" * 26) is None
    for command in Reports(store).opened("R" * 26, "case-1"):
        await store.write(*command)
    assert await after.of("R" * 26) is None


async def test_of_all_that_wait_for_the_case_system_one_alone_goes_first(store: Store) -> None:
    stand = await Stand(store).waits()
    await stand.claims()
    entry = await stand.claims()
    await store.write("SET", "cases:down", 0)
    asking = asyncio.Event()

    async def find_case(reference: str, _: datetime) -> str:
        stand.cases.asked.append(reference)
        await asking.wait()
        return "case-1"

    stand.cases.find_case = find_case  # type: ignore[method-assign, assignment]
    tasks = [asyncio.create_task(stand.push.do(entry)) for _ in range(5)]
    async with asyncio.timeout(10):
        while sum(task.done() for task in tasks) < 4:
            await asyncio.sleep(0.01)
    asking.set()
    await asyncio.gather(*tasks)
    assert len(stand.cases.asked) == 1
