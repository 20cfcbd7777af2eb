"""The stand-in Bot API server under an unmodified aiogram: long polling."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiogram import Bot, Dispatcher, types
from aiogram.exceptions import (
    TelegramConflictError,
)

from tests.fakes.keyboards import NO, YES
from tests.fakes.telegram import TelegramServer


@asynccontextmanager
async def polling(bot: Bot, dispatcher: Dispatcher) -> AsyncIterator[None]:
    running = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False))
    try:
        yield
    finally:
        await asyncio.gather(dispatcher.stop_polling(), return_exceptions=True)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def echo() -> Dispatcher:
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def _say(message: types.Message) -> None:
        await message.answer(f"你说：{message.text}", reply_markup=YES)

    @dispatcher.callback_query()
    async def _react(query: types.CallbackQuery) -> None:
        await query.answer("收到")
        assert isinstance(query.message, types.Message)
        await query.message.edit_text(f"按了 {query.data}", reply_markup=NO)

    return dispatcher


async def test_talks_presses_and_edits(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person(language_code="zh-hans")
    async with polling(client, echo()):
        person.says("/start poster-7")
        question = await person.sees("poster-7", fresh=True)
        assert question.buttons == [["是"]]
        press = person.presses("是")
        assert (await press.answered()).text == "收到"
        changed = await person.sees("按了 yes", fresh=True)
        assert changed.id == question.id
        assert len(person.messages) == 2
        await telegram.drained()
    assert telegram.violations == []
    assert [call.code for call in telegram.calls_of("sendMessage")] == [200]


async def test_an_old_screen_can_still_be_pressed(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    sent = await client.send_message(person.id, "还在吗？", reply_markup=YES)
    old = person.messages[0]
    await client.edit_message_text("换了", chat_id=person.id, message_id=sent.message_id)
    with pytest.raises(AssertionError, match="no button"):
        person.presses("是")
    person.presses("是", on=old)
    await client.delete_message(person.id, sent.message_id)
    person.presses("yes", on=old)
    shown, gone = await client.get_updates()
    assert shown.callback_query and shown.callback_query.data == "yes"
    assert isinstance(shown.callback_query.message, types.Message)
    assert gone.callback_query
    assert isinstance(gone.callback_query.message, types.InaccessibleMessage)


async def test_confirms_by_offset_and_respects_the_limit(
    telegram: TelegramServer, client: Bot
) -> None:
    person = telegram.person()
    first, second, third = (person.says(word) for word in ("一", "二", "三"))
    assert [u.update_id for u in await client.get_updates(limit=2)] == [first, second]
    assert [u.update_id for u in await client.get_updates()] == [first, second, third]
    assert [u.update_id for u in await client.get_updates(offset=third)] == [third]
    assert telegram.waiting() == [third]
    assert telegram.deliveries(first) == 2
    assert await client.get_updates(offset=third + 1) == []


async def test_a_negative_offset_forgets_all_but_the_last(
    telegram: TelegramServer, client: Bot
) -> None:
    person = telegram.person()
    last = [person.says(word) for word in ("一", "二", "三")][-1]
    assert [u.update_id for u in await client.get_updates(offset=-1)] == [last]


async def test_waits_for_what_comes_later(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    poll = asyncio.create_task(client.get_updates(timeout=30))
    await telegram.called("getUpdates")
    said = person.says("晚了一点")
    assert [u.update_id for u in await poll] == [said]


async def test_a_second_poll_ends_the_first(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    first = asyncio.create_task(client.get_updates(timeout=30))
    await telegram.called("getUpdates")
    second = asyncio.create_task(client.get_updates(timeout=30))
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates"):
        await first
    person.says("在")
    assert len(await second) == 1


async def test_kinds_that_were_not_asked_for_stay_away(
    telegram: TelegramServer, client: Bot
) -> None:
    person = telegram.person()
    await client.get_updates(allowed_updates=["my_chat_member"])
    person.says("听不见")
    blocked = person.blocks_bot()
    assert [u.update_id for u in await client.get_updates()] == [blocked]


async def test_redelivers_what_was_confirmed(telegram: TelegramServer, client: Bot) -> None:
    said = telegram.person().says("再来一次")
    await client.get_updates()
    await client.get_updates(offset=said + 1)
    telegram.redeliver(said)
    assert [u.update_id for u in await client.get_updates(offset=said + 1)] == [said]
    assert await client.get_updates(offset=said + 1) == []
    assert telegram.deliveries(said) == 2
