"""Stopped work at the desk: seen, put back, sent as new, and what is said when nobody can tell."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.operators import LISTED_MOST, PATH
from bot.store.connection import Store
from desk import words
from desk.pages.stopped import CAUSES, KINDS
from tests.desk.gateway import Door, Handler, door_to
from tests.desk.running import RunningDesk, until
from workers.cases.failures import failure
from workers.cases.wire import Answer

REFERENCE = "A" * 26
DOUBT = "CaseInDoubt: cases cannot be listed: HTTP 501"
ANEW = "确实没有，作为新件发送"


@pytest.fixture
async def door(store: Store, valkey_url: str) -> AsyncIterator[Door]:
    async with door_to(store, valkey_url) as opened:
        yield opened


@pytest.fixture
async def desk(tmp_path: Path, door: Door) -> AsyncIterator[RunningDesk]:
    async with RunningDesk.at(tmp_path, **door.settings) as running:
        await running.log_in("王芳")
        yield running


async def press(desk: RunningDesk, expected: int = 200, **form: str) -> str:
    """Send a form of the page; the page that follows."""
    form = {"csrf": await desk.csrf(), **form}
    async with desk.http.post(f"{desk.url}/stopped", data=form) as response:
        assert response.status == expected, await response.text()
        return await response.text()


async def shows(desk: RunningDesk, count: str) -> None:
    """Wait until the list has this count."""

    async def there() -> bool:
        found = re.search(r'href="/stopped".*?<b[^>]*>(.*?)</b>', await desk.page("/"))
        return bool(found and found[1] == count)

    await until(there)


async def test_the_list_counts_what_is_stopped(desk: RunningDesk, door: Door) -> None:
    await shows(desk, "0")
    assert "alarm" not in await desk.page("/")
    await door.park("push", REFERENCE)
    await door.park("delivery", "record.1", "record.2")
    await shows(desk, "3")
    page = await desk.page("/")
    assert 'class="stopped alarm"' in page
    assert "<title>(3) " in page
    async with desk.http.get(f"{desk.url}/stopped/count") as response:
        assert await response.json() == {"count": 3}


async def test_no_work_has_stopped(desk: RunningDesk) -> None:
    assert "没有待人工处理的任务。" in await desk.page("/stopped")


async def test_a_report_is_tried_again(desk: RunningDesk, door: Door) -> None:
    await door.park("push", REFERENCE, reason="CaseRefused: HTTP 400: no <such> service")
    page = await desk.page("/stopped")
    assert "没能立案的举报" in page
    assert "案件系统没有收下" in page
    assert "no &lt;such&gt; service" in page
    assert ANEW not in page
    assert "1 件会在几秒内再试" in await press(desk, kind="push", id=REFERENCE)
    assert await door.due("push") == {REFERENCE: 2}
    await shows(desk, "0")
    assert "已经不在这里" in await press(desk, 409, kind="push", id=REFERENCE)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("listing", [False, True])
async def test_a_key_that_the_case_system_refuses_is_named(
    desk: RunningDesk, door: Door, status: int, listing: bool
) -> None:
    """When a report was sent, and when its case was looked for: only then may there be one."""
    said = str(failure(Answer(status, b"api_key is not valid")))
    reason = f"CaseInDoubt: cases cannot be listed: {said}" if listing else f"CaseRefused: {said}"
    await door.park("push", REFERENCE, reason=reason)
    page = await desk.page("/stopped")
    assert "案件系统不认我们的密钥" in page
    assert (ANEW in page) == listing


async def test_a_report_in_doubt_is_sent_as_new_after_a_question(
    desk: RunningDesk, door: Door
) -> None:
    await door.park("push", REFERENCE, reason=DOUBT)
    page = await desk.page("/stopped")
    assert f"在案件系统里搜过 [ref {REFERENCE}]" in page
    assert page.rindex("<details>") < page.index(ANEW) < page.rindex("</details>")
    await press(desk, kind="push", id=REFERENCE, anew="yes")
    assert await door.due("push") == {REFERENCE: 1}


async def test_a_report_in_doubt_whose_case_was_found_is_over(
    desk: RunningDesk, door: Door
) -> None:
    await door.park("push", REFERENCE, "B" * 26, reason=DOUBT)
    assert f"搜到了 [ref {REFERENCE}]" in await desk.page("/stopped")
    page = await press(desk, kind="push", id=REFERENCE, found="yes")
    assert "这一件不会再发送" in page
    assert REFERENCE not in page
    assert await door.due("push") == {}
    await shows(desk, "1")


async def test_a_report_that_is_not_in_doubt_any_more_is_not_sent_as_new(
    desk: RunningDesk, door: Door
) -> None:
    await door.park("push", REFERENCE, reason="CaseRefused: HTTP 400")
    page = await press(desk, 409, kind="push", id=REFERENCE, anew="yes")
    assert "没有发送" in page
    assert REFERENCE in page
    assert await door.due("push") == {}


async def test_all_of_a_kind_are_tried_again(desk: RunningDesk, door: Door) -> None:
    await door.park("push", REFERENCE, "B" * 26)
    await door.park("media", "M" * 22)
    page = await desk.page("/stopped")
    assert page.count("全部再试") == 1  # not for a kind that has one alone
    assert "2 件会在几秒内再试" in await press(desk, kind="push", all="yes")
    assert len(await door.due("push")) == 2
    assert await door.due("media") == {}


@pytest.mark.parametrize("count", [LISTED_MOST, LISTED_MOST + 1])
async def test_more_than_a_page_shows_is_said(desk: RunningDesk, door: Door, count: int) -> None:
    await door.park("push", *(f"{number:026}" for number in range(count)))
    page = await desk.page("/stopped")
    assert page.count("再试一次</button>") == LISTED_MOST
    said = f"共 {count} 件，列出了 {LISTED_MOST} 件。"
    assert (said in page) == (count > LISTED_MOST)


@pytest.mark.parametrize("locale", words.LOCALES)
async def test_each_reason_says_what_to_do(desk: RunningDesk, door: Door, locale: str) -> None:
    for number, (start, _) in enumerate(CAUSES):
        await door.park("push", f"{number:026}", reason=start or "KeyError")
    for kind in KINDS:
        if kind != "push":
            await door.park(kind, "one")
    await door.park("broadcast", "one")
    page = await desk.page("/stopped", language=locale)
    for _, sentence in CAUSES:
        assert words.text(locale, sentence) in page
    for title, means in [*KINDS.values(), ("stopped.other", "stopped.other_means")]:
        assert words.text(locale, title) in page
        assert words.text(locale, means) in page


async def hang(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


def answering(status: int, body: str = "") -> Handler:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    return answer


async def elsewhere(request: web.Request) -> web.Response:
    """The key is for the gateway: what it points at must not get it, however content it is."""
    if request.path == PATH:
        return web.Response(status=302, headers={"Location": "/elsewhere"})
    return web.json_response({"counts": {}, "parked": [], "put_back": 1})


TROUBLES = {
    "hangs": (hang, "网关没有回答"),
    "503": (answering(503), "网关没有回答"),
    "a page": (answering(200, "<!doctype html>"), "网关没有回答"),
    "a list": (answering(200, "[]"), "网关没有回答"),
    "other counts": (answering(200, '{"counts": {"push": "many"}, "parked": []}'), "网关没有回答"),
    "elsewhere": (elsewhere, "网关没有回答"),
    "another key": (answering(401), "OPERATOR_KEY 不一样"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_gateway_that_does_not_tell(desk: RunningDesk, door: Door, trouble: str) -> None:
    """The page says so in one sentence, the list goes on, and nobody takes silence for nothing."""
    await shows(desk, "0")
    number = await desk.open(**{"attribute[reference]": "ref-1"})
    door.instead, said = TROUBLES[trouble]
    page = await desk.page("/stopped", 503)
    assert page.count('role="alert"') == 1
    assert said in page
    assert "没有待人工处理的任务" not in page
    await shows(desk, "?")
    await desk.move(number, 1, "accepted")
    page = await press(desk, 503, kind="push", id=REFERENCE)
    assert ("不知道会不会再试" in page) == (trouble != "another key")
    door.instead = None
    await shows(desk, "0")


async def test_no_page_waits_for_the_gateway(desk: RunningDesk, door: Door) -> None:
    door.instead = hang
    asked = door.asked
    async with asyncio.timeout(0.4):  # the desk gives the gateway half a second
        await desk.page("/")
    await until(lambda: _more(door, asked))


async def _more(door: Door, asked: int) -> bool:
    return door.asked > asked


async def test_without_a_key_the_rest_works(tmp_path: Path, door: Door) -> None:
    async with RunningDesk.at(tmp_path, OPERATORS_URL=door.url) as desk:
        await desk.log_in()
        assert "没有设置 OPERATOR_KEY" in await desk.page("/stopped", 503)
        assert "没有设置 OPERATOR_KEY" in await press(desk, 503, kind="push", id=REFERENCE)
        await shows(desk, "?")
    assert door.asked == 0


async def test_only_operators_and_their_own_forms(desk: RunningDesk, door: Door) -> None:
    await door.park("push", REFERENCE)
    form = {"kind": "push", "id": REFERENCE}
    for csrf in ({}, {"csrf": "wrong"}):
        async with desk.http.post(f"{desk.url}/stopped", data=form | csrf) as response:
            assert response.status == 403
    form["csrf"] = await desk.csrf()
    desk.http.cookie_jar.clear()
    for path in ("/stopped", "/stopped/count"):
        async with desk.http.get(desk.url + path) as response:
            assert response.url.path == "/login"
            assert REFERENCE not in await response.text()
    async with desk.http.post(f"{desk.url}/stopped", data=form) as response:
        assert response.url.path == "/login"
    assert await door.due("push") == {}


@pytest.mark.parametrize("form", [{}, {"kind": "push"}, {"kind": "push", "id": "a", "all": "yes"}])
async def test_a_form_that_is_not_ours(desk: RunningDesk, form: dict[str, str]) -> None:
    await press(desk, 400, **form)


@pytest.mark.parametrize("again", ["0", "-1", "x", "9" * 40, "²"])
async def test_a_made_up_count_is_not_shown(desk: RunningDesk, again: str) -> None:
    assert 'role="status"' not in await desk.page("/stopped", again=again)
