"""The list and the case page over HTTP: filters, paging, changes, limits and languages."""

import asyncio
import re

import pytest

from desk import words
from desk.cases import NOTE_LIMIT
from desk.pages.search import PAGE_SIZE, TEXT_LIMIT
from tests.desk.running import RunningDesk

DAY = 24 * 60 * 60


@pytest.fixture
async def desk(desk: RunningDesk) -> RunningDesk:
    await desk.log_in("王芳")
    return desk


async def listed(desk: RunningDesk, **query: str) -> list[str]:
    """The numbers on a page of the list, in their order."""
    return re.findall(r'href="/cases/(\d+)"', await desk.page("/", **query))


async def test_an_empty_desk_says_so(desk: RunningDesk) -> None:
    assert "还没有收到举报" in await desk.page("/")
    assert "没有符合条件" in await desk.page("/", q="燃气")


async def test_newest_first_in_pages(desk: RunningDesk) -> None:
    opened = [await desk.open() for _ in range(PAGE_SIZE + 1)][::-1]
    assert await listed(desk) == opened[:PAGE_SIZE]
    assert await listed(desk, page="2") == opened[PAGE_SIZE:]
    for far in ("99", "999999999", "0", "-1", "x", "9" * 30):
        assert await listed(desk, page=far) in (opened[:PAGE_SIZE], opened[PAGE_SIZE:])
    page = await desk.page("/", status="open", page="2")
    assert "第 26–26 件，共 26 件" in page
    assert 'rel="prev" href="/?status=open&amp;page=1"' in page
    assert 'rel="next"' not in page


async def told(desk: RunningDesk, path: str, language: str = "zh") -> tuple[str, bool]:
    """What a list that was left open is told, and whether somebody is in danger."""
    async with desk.http.get(f"{desk.url}{path}&language={language}") as response:
        news = await response.json()
        return news["words"], news["major"]


async def asking(desk: RunningDesk) -> str:
    """The path that the list asks for what came in since."""
    (path,) = re.findall(r'data-arrived="([^"]+)"', await desk.page("/"))
    return str(path)


async def test_what_came_in_since_the_list_was_shown_is_told(desk: RunningDesk) -> None:
    at_first = await asking(desk)
    assert await told(desk, at_first) == ("", False)
    await desk.open()
    assert await told(desk, at_first) == ("新到 1 件举报，点这里看", False)
    later = await asking(desk)
    assert await told(desk, later) == ("", False)
    await desk.open(**{"attribute[major]": "true"})
    assert await told(desk, later) == ("新到 1 件举报，点这里看 · 紧急：有人处于危险", True)
    danger = "Urgent: somebody is in danger"
    assert await told(desk, later, "en") == (f"1 new case: show · {danger}", True)
    assert await told(desk, at_first, "en") == (f"2 new cases: show · {danger}", True)


async def test_filters(desk: RunningDesk) -> None:
    fire = await desk.open(description="疏散通道堆放杂物", **{"attribute[area]": "西陵区"})
    gas = await desk.open(service_code="gas", **{"attribute[major]": "true"})
    done = await desk.open(service_code="gas", address_string="东山大道 100% 路口")
    await desk.move(done, 1, "rejected")
    assert await listed(desk, service="gas") == [gas, done]
    assert await listed(desk, major="yes") == [gas]
    assert await listed(desk, status="open") == [gas, fire]
    assert await listed(desk, status="done") == [done]
    assert await listed(desk, status="rejected") == [done]
    assert await listed(desk, status="closed") == []
    assert await listed(desk, q="杂物 西陵") == [fire]
    assert await listed(desk, q="杂物 东山") == []
    assert await listed(desk, q="100%") == [done]
    assert await listed(desk, q="%") == [done]
    assert await listed(desk, q=f"#{gas}") == [gas]
    assert await listed(desk, service="gas", status="open", major="yes", q="解放路") == [gas]
    assert await listed(desk, service="nothing", status="'; DROP TABLE cases") == [gas, done, fire]


async def test_search_length_on_both_sides(desk: RunningDesk) -> None:
    words_at_limit = "长" * TEXT_LIMIT
    number = await desk.open(description=words_at_limit)
    assert await listed(desk, q=words_at_limit) == [number]
    assert "不要超过 100 个字" in await desk.page("/", 400, q=words_at_limit + "长")


async def test_overdue_is_marked_and_found(desk: RunningDesk) -> None:
    desk.offset = -4 * DAY
    late, kept = await desk.open(), await desk.open()
    await desk.move(kept, 1, "verified")
    desk.offset = 0
    fresh = await desk.open()
    assert await listed(desk, status="overdue") == [late]
    assert await listed(desk) == [fresh, kept, late]
    page = await desk.page(f"/cases/{late}")
    assert "超期 4 天" in page
    assert page.count("已超期") == 2  # not accepted, not verified; feedback still has time
    assert page.count("未到期") == 1
    assert "超期" not in await desk.page(f"/cases/{kept}")
    desk.offset = 4 * DAY
    await desk.log_in()
    assert await listed(desk, status="overdue") == [fresh, kept, late]


async def test_a_late_step_stays_late(desk: RunningDesk) -> None:
    desk.offset = -2 * DAY
    number = await desk.open()
    desk.offset = 0
    page = await desk.move(number, 1, "accepted")
    assert "完成，超期" in page
    assert await listed(desk, status="overdue") == []


async def test_the_whole_loop_button_by_button(desk: RunningDesk) -> None:
    number = await desk.open()
    loop = "accepted verifying verified rectifying rectified closed reopened verified"
    loop += " rectified closed reward_proposed reward_approved reward_paid"
    for version, status in enumerate(loop.split(), start=1):
        page = await desk.page(f"/cases/{number}")
        assert f'name="status" value="{status}"' in page
        await desk.move(number, version, status)
    page = await desk.page(f"/cases/{number}")
    assert 'name="status"' not in page
    assert "全部办完" in page
    assert page.count("王芳 ·") == 13


async def test_a_step_that_the_table_does_not_have(desk: RunningDesk) -> None:
    number = await desk.open()
    page = await desk.move(number, 1, "reward_paid", "说明", expected=409)
    assert "不能这样办理" in page
    assert ">说明</textarea>" not in page  # a case without a reference has no note
    assert "已收到" in page


async def test_somebody_changed_it_meanwhile(desk: RunningDesk) -> None:
    number = await desk.open(**{"attribute[reference]": "ref-1"})
    await desk.move(number, 1, "accepted", "第一位")
    page = await desk.move(number, 1, "rejected", "第二位", expected=409)
    assert "已被别人更新" in page
    assert ">第二位</textarea>" in page
    assert 'name="version" value="2"' in page
    assert (await desk.get(f"requests/{number}.json"))[0]["status_notes"] == "第一位"


async def test_two_operators_at_once_only_one_wins(desk: RunningDesk) -> None:
    number = await desk.open(**{"attribute[reference]": "ref-1"})
    form = {"csrf": await desk.csrf(), "version": "1", "note": ""}

    async def press(status: str) -> int:
        address = f"{desk.url}/cases/{number}"
        data = {**form, "status": status}
        async with desk.http.post(address, data=data, allow_redirects=False) as response:
            return response.status

    answers = await asyncio.gather(*map(press, ("accepted", "rejected", "verified")))
    assert sorted(answers) == [303, 409, 409]


async def test_a_button_pressed_twice_moves_the_case_once(desk: RunningDesk) -> None:
    number = await desk.open(**{"attribute[reference]": "ref-1"})
    for _ in range(2):
        assert "已保存" in await desk.move(number, 1, "verified", "属实")
    assert (await desk.page(f"/cases/{number}")).count("王芳 ·") == 1


async def test_note_length_on_both_sides(desk: RunningDesk) -> None:
    number = await desk.open(**{"attribute[reference]": "ref-1"})
    # A browser sends a line break as two characters; it counts as one.
    longest = "行\r\n" + "长" * (NOTE_LIMIT - 2)
    page = await desk.move(number, 1, "verified", longest + "长", expected=400)
    assert "写了 1001 字" in page
    assert "已收到" in page
    await desk.move(number, 1, "verified", longest)
    (row,) = await desk.get(f"requests/{number}.json")
    assert len(row["status_notes"]) == NOTE_LIMIT


@pytest.mark.parametrize(
    "wrong", [{"version": "one"}, {"version": ""}, {"status": "finished"}, {"status": ""}]
)
async def test_a_form_that_is_not_ours(desk: RunningDesk, wrong: dict[str, str]) -> None:
    number = await desk.open()
    form = {"csrf": await desk.csrf(), "version": "1", "status": "accepted", **wrong}
    async with desk.http.post(f"{desk.url}/cases/{number}", data=form) as response:
        assert response.status == 400
        assert "请求有误" in await response.text()


async def test_pages_that_are_not_there(desk: RunningDesk) -> None:
    for path in ("/cases/1", "/cases/x", "/cases/" + "9" * 40, "/nothing"):
        assert "没有这个页面" in await desk.page(path, 404)
    form = {"csrf": await desk.csrf(), "version": "1", "status": "accepted"}
    async with desk.http.post(f"{desk.url}/cases/77", data=form) as response:
        assert response.status == 404


async def test_words_of_others_are_text(desk: RunningDesk) -> None:
    wicked = "<script>alert(1)</script>\"'&"
    number = await desk.open(
        description=wicked, address_string=wicked, **{"attribute[hazard]": wicked}
    )
    for path in ("/", f"/cases/{number}"):
        page = await desk.page(path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("通道堵塞\n[ref ref-1]", "通道堵塞"),
        ("[ref ref-1]", "（未填写描述）"),
        ("一\n二", "一\n二"),
    ],
)
async def test_a_line_that_carries_the_reference_is_not_shown_twice(
    desk: RunningDesk, sent: str, shown: str
) -> None:
    number = await desk.open(description=sent, **{"attribute[reference]": "ref-1"})
    page = await desk.page(f"/cases/{number}")
    assert f">{shown}</p>" in page
    assert page.count("ref-1") == 1
    (row,) = await desk.get(f"requests/{number}.json")
    assert row["description"] == sent


async def test_pictures_videos_and_links(desk: RunningDesk) -> None:
    urls = ["http://127.0.0.1:8080/m/a.jpg?s=1", "http://127.0.0.1:8080/m/b.MP4?s=1"]
    urls.append("https://elsewhere.example/c.jpg")
    number = await desk.open(**{"attribute[media_urls]": "\n".join(urls)})
    page = await desk.page(f"/cases/{number}")
    assert f'<img src="{urls[0]}"' in page
    assert f'src="{urls[1]}"' in page.split("<video controls")[1].split(">")[0]
    assert f'<a href="{urls[2]}"' in page
    assert f'<img src="{urls[2]}"' not in page


async def test_the_place(desk: RunningDesk) -> None:
    number = await desk.open(lat="30.6915", long="-111.2867")
    page = await desk.page(f"/cases/{number}")
    assert 'href="geo:30.691500,-111.286700"' in page
    assert "30.691500, -111.286700" in page
    assert "geo:" not in await desk.page(f"/cases/{await desk.open()}")


async def test_the_language_is_switched_and_remembered(desk: RunningDesk) -> None:
    assert '<html lang="zh">' in await desk.page("/")
    assert "Cases" in await desk.page("/", language="en")
    assert '<html lang="en">' in await desk.page("/")
    page = await desk.page("/", status="open", language="xx")
    assert 'href="/?status=open&amp;language=zh"' in page
    assert words.text("en", "list.apply") in page


async def test_a_failure_is_a_page(desk: RunningDesk) -> None:
    number = await desk.open()
    await desk.database.run(lambda connection: connection.execute("DROP TABLE outbox"))
    assert "系统出错" in await desk.page(f"/cases/{number}", 500)
    async with desk.http.get(f"{desk.url}/healthz") as response:
        assert await response.json() == {"status": "ok"}


async def test_what_is_urgent_stands_first_until_somebody_takes_it_up(desk: RunningDesk) -> None:
    urgent = await desk.open(description="有人被困", **{"attribute[major]": "true"})
    later = await desk.open(description="灭火器过期")
    assert await listed(desk) == [urgent, later]
    await desk.move(urgent, 1, "accepted")
    assert await listed(desk) == [later, urgent]
