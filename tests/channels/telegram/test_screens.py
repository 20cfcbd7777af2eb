"""One message that changes, rather than a flood: what is edited, sent, tidied and kept."""

import asyncio
import io
import time
from pathlib import Path

import pytest
from PIL import Image

from bot.channels.contract import Button, Shown
from bot.channels.telegram.screens import Screens
from bot.core.dialogue import Attached, Command, Incoming, Pressed, Text
from bot.core.errors import Unreachable
from tests.channels.telegram.stage import Script, echo, prompt, running, until
from tests.fakes.telegram import Message, Person, TelegramServer

RECEIPT = "0123-4567-89AB-CDEF-GHJK"
KEPT = Shown(
    "receipt", f"收到，回执 {RECEIPT}", "zh", ((Button("status", "进度"),),), serial=7, keep=True,
    receipt=RECEIPT,
)  # fmt: skip
HERE, BACK = Button("here", "我的位置", "position"), Button("back", "返回")
PLACE = Shown("location", "在哪里？", "zh", ((HERE,), (BACK,)), serial=7)


@pytest.fixture
def picture() -> bytes:
    """A small JPEG."""
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, "JPEG")
    return file.getvalue()


def by_bot(person: Person) -> list[Message]:
    """What the bot has in the chat now."""
    return [message for message in person.messages if message.from_bot]


SCREENS = {
    "submit": (KEPT, prompt("menu", "report", screen="menu")),
    "place": (PLACE,),
    "same": (prompt("once more", "on", screen="step"),),
    "long": (prompt("长" * 5000, "on", screen="long"),),
}


def simple(incoming: Incoming) -> tuple[Shown, ...]:
    """A screen per choice or word."""
    shown = echo(incoming)
    match incoming.event:
        case Pressed(choice=name) | Command(name=name) if name in SCREENS:
            shown = SCREENS[name]
        case Pressed(choice=choice):
            shown = (prompt(f"after {choice}", "on", "submit", "place", screen=choice),)
        case Text(text=text):
            shown = (prompt(f"said {text}", "on", "submit", "place", screen=text),)
        case Attached():
            shown = (prompt(f"media {incoming.event_id}", "on", screen="media"),)
    return shown


async def test_a_press_edits_the_message_that_carried_the_button(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path):
        resident.says("hello")
        before = await resident.sees("said hello")
        press = resident.presses("on")
        await press.answered()
        after = await resident.sees("after on")
    assert after.id == before.id
    assert len(by_bot(resident)) == 1


async def test_words_get_a_new_message_and_the_older_one_loses_its_buttons(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path):
        resident.says("one")
        first = await resident.sees("said one")
        resident.says("two")
        second = await resident.sees("said two")
        await until(lambda: not by_bot(resident)[0].buttons)
    assert [message.id for message in by_bot(resident)] == [first.id, second.id]
    assert second.buttons == [["on"], ["submit"], ["place"]]


async def test_the_same_screen_again_is_not_left_twice(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path):
        resident.says("/same")
        first = await resident.sees("once more")
        resident.says("/same")
        await until(lambda: [m.id for m in by_bot(resident)] not in ([first.id], []))
        await until(lambda: len(by_bot(resident)) == 1)
    assert by_bot(resident)[0].id > first.id


async def test_an_older_button_turns_its_own_message_into_the_screen(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path):
        resident.says("one")
        old = await resident.sees("said one")
        resident.says("two")
        newer = await resident.sees("said two")
        resident.presses("on", on=old)
        shown = await resident.sees("after on")
        await until(lambda: newer.id not in {message.id for message in by_bot(resident)})
    assert shown.id == old.id


async def test_a_message_that_is_gone_is_sent_anew(server: TelegramServer, tmp_path: Path) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path):
        resident.says("one")
        old = await resident.sees("said one")
        resident.chat.delete(old.id)
        await resident.presses("on", on=old).answered()
        assert (await resident.sees("after on")).id > old.id


async def test_a_double_press_is_no_error(server: TelegramServer, tmp_path: Path) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path):
        resident.says("one")
        seen = await resident.sees("said one")
        presses = [resident.presses("on", on=seen) for _ in range(2)]
        for press in presses:
            await press.answered()
        assert (await resident.sees("after on")).id == seen.id
        await server.drained()
    assert len(by_bot(resident)) == 1


async def test_a_receipt_stays_and_can_be_found_and_copied(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path):
        resident.says("one")
        summary = await resident.sees("said one")
        resident.presses("submit")
        menu = await resident.sees("menu")
        kept = await resident.sees(RECEIPT)
        await until(lambda: not by_bot(resident)[0].buttons)
        assert [message.id for message in by_bot(resident)] == [summary.id, kept.id, menu.id]
        assert kept.text.endswith("#随手拍回执")
        code = kept.data["entities"][0]
        assert kept.text[code["offset"] :][: code["length"]] == RECEIPT
        resident.presses("进度")
        progress = await resident.sees("after status")
        assert progress.id == menu.id
        await server.drained()
    assert next(one for one in by_bot(resident) if one.id == kept.id) == kept


async def test_an_album_gives_one_prompt(
    server: TelegramServer, tmp_path: Path, picture: bytes
) -> None:
    resident = server.person()
    turns = Script(simple)
    async with running(server, turns, tmp_path):
        last = resident.sends_album([picture] * 9)[-1]
        await resident.sees(f"media {last}")
        await server.drained()
    assert len(turns.taken) == 9
    assert len(server.calls_of("sendMessage")) == 1


async def test_pictures_that_come_one_by_one_give_one_prompt_too(
    server: TelegramServer, tmp_path: Path, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.telegram.screens.SETTLE_SECONDS", 2.0)
    resident = server.person()
    turns = Script(simple)
    async with running(server, turns, tmp_path):
        for number in range(3):
            last = resident.sends_photo(picture)
            await server.drained()
            assert len(turns.taken) == number + 1
        await resident.sees(f"media {last}")
    assert len(server.calls_of("sendMessage")) == 1


async def test_words_after_a_picture_do_not_wait(
    server: TelegramServer, tmp_path: Path, picture: bytes
) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path):
        resident.sends_photo(picture)
        resident.says("quick")
        await resident.sees("said quick")
    assert [message.text for message in by_bot(resident)] == ["said quick"]


async def test_the_location_keyboard_comes_and_goes(server: TelegramServer, tmp_path: Path) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path):
        resident.says("one")
        await resident.sees("said one")
        resident.presses("place")
        hint = await resident.sees("position_hint")
        assert resident.reply_keyboard == [["我的位置"]]
        keyboard = server.calls_of("sendMessage")[-1].params["reply_markup"]
        assert keyboard["keyboard"][0][0]["request_location"] is True
        resident.says("/place")
        await until(lambda: len(server.calls_of("sendMessage")) == 3)
        await server.drained()
        assert hint.id in {message.id for message in by_bot(resident)}
        resident.sends_location(30.7, 111.3)
        await resident.sees("Located")
        await until(lambda: hint.id not in {message.id for message in by_bot(resident)})


async def test_a_long_prompt_comes_in_parts(server: TelegramServer, tmp_path: Path) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path):
        resident.says("/long")
        await resident.sees(lambda message: bool(message.buttons))
    assert [len(message.text) for message in by_bot(resident)] == [4096, 904]


async def test_unasked_news_changes_the_prompt_in_place(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path) as channel:
        resident.says("one")
        before = await resident.sees("said one")
        news = [prompt(f"news {number}", "on") for number in range(9)]
        showing = [channel.show(str(resident.id), (one,)) for one in news]
        await asyncio.gather(*showing)
        assert (await resident.sees("news 8")).id == before.id
    assert len(server.calls_of("editMessageText")) == 1


async def test_429_is_obeyed_and_nothing_is_lost(server: TelegramServer, tmp_path: Path) -> None:
    people = [server.person() for _ in range(3)]
    server.fail("sendMessage", 429, "Too Many Requests: retry after 1", times=3, retry_after=1)
    async with running(server, Script(simple), tmp_path):
        for person in people:
            person.says("one")
        for person in people:
            await person.sees("said one")
    refused = [call.time for call in server.calls_of("sendMessage") if call.code == 429]
    sent = [call.time for call in server.calls_of("sendMessage") if call.code == 200]
    assert len(sent) == 3
    assert min(sent) - max(refused) > 0.9


@pytest.mark.parametrize("fault", ["page", "reset"])
async def test_a_receipt_gets_through_a_bad_connection(
    server: TelegramServer, tmp_path: Path, fault: str
) -> None:
    resident = server.person()
    strike = server.fail_with_page if fault == "page" else server.reset
    strike("sendMessage", times=2)
    async with running(server, Script(simple), tmp_path):
        resident.says("/submit")
        await resident.sees(RECEIPT)
        await resident.sees("menu")
    assert [message.text[:2] for message in by_bot(resident)] == ["收到", "me"]


async def test_the_update_waits_for_its_receipt(server: TelegramServer, tmp_path: Path) -> None:
    resident = server.person()
    server.hang("sendMessage")
    turns = Script(simple)
    async with running(server, turns, tmp_path) as channel:
        number = resident.says("/submit")
        await server.called("sendMessage")
        await server.called("getUpdates", times=3)
        assert server.waiting() == [number]
        assert len(turns.taken) == 1
        work = channel._screens._lanes[str(resident.id)].work
        assert work is not None
        work.cancel()  # so that stopping need not wait for an answer that never comes


async def test_a_newer_prompt_takes_the_place_of_one_that_still_waits(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person()
    server.fail("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1)
    async with running(server, Script(simple), tmp_path):
        resident.says("one")
        await server.called("sendMessage")
        for word in ("two", "three", "four"):
            resident.says(word)
        await resident.sees("said four")
        await server.drained()
    assert [message.text for message in by_bot(resident)] == ["said four"]
    assert [call.code for call in server.calls_of("sendMessage")] == [429, 200]
    assert server.calls_of("editMessageText") == []


async def test_whoever_blocked_the_bot_is_not_written_to_again(
    server: TelegramServer, tmp_path: Path
) -> None:
    resident = server.person()
    async with running(server, Script(simple), tmp_path) as channel:
        resident.says("one")
        await resident.sees("said one")
        resident.blocks_bot()
        with pytest.raises(Unreachable):
            await channel.show(str(resident.id), (prompt("news"),))
        calls = len(server.calls_of("editMessageText")) + len(server.calls_of("sendMessage"))
        await server.drained()
        assert calls == 2
        resident.unblocks_bot()
        resident.says("back")
        await resident.sees("said back")


async def test_a_group_hears_once_that_it_is_the_wrong_place(
    server: TelegramServer, tmp_path: Path
) -> None:
    group = server.person(language_code="en")
    described = group.chat.described()
    group.chat.described = lambda: described | {"type": "group", "title": "x"}  # type: ignore[method-assign]
    resident = server.person()
    turns = Script(simple)
    async with running(server, turns, tmp_path):
        group.says("/report")
        await group.sees("[en] telegram.private_only")
        group.says("/report")
        resident.says("one")
        await resident.sees("said one")
        await server.drained()
    assert [one.address for one in turns.taken] == [str(resident.id)]
    assert len(by_bot(group)) == 1


async def test_what_is_remembered_of_chats_is_bounded(
    server: TelegramServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.telegram.screens.CHATS_MOST", 3)
    people = [server.person() for _ in range(5)]
    async with running(server, Script(simple), tmp_path) as channel:
        for person in people:
            person.says("one")
            await person.sees("said one")
        screens: Screens = channel._screens
        assert len(screens._lanes) <= 4
        await people[0].presses("on").answered()
        await people[0].sees("after on")
    assert len(by_bot(people[0])) == 1


async def test_prompts_are_paced(server: TelegramServer, tmp_path: Path) -> None:
    people = [server.person() for _ in range(60)]
    started = time.monotonic()
    async with running(server, Script(simple), tmp_path):
        for person in people:
            person.says("one")
        for person in people:
            await person.sees("said one", timeout=10)
    times = sorted(call.time for call in server.calls_of("sendMessage"))
    assert times[-1] - started > 0.9
