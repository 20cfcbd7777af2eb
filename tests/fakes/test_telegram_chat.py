"""What a chat on the stand-in Bot API server looks like, and what it refuses."""

import pytest
from aiogram import Bot, types
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
)

from tests.fakes.keyboards import NO, YES
from tests.fakes.telegram import TelegramServer


async def test_edits_that_cannot_be(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    sent = await client.send_message(person.id, "一", reply_markup=YES)
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await sent.edit_text("一", reply_markup=YES)
    await sent.edit_reply_markup(reply_markup=NO)
    assert person.messages[0].buttons == [["否"]]
    await sent.edit_text("一")
    assert person.messages[0].buttons == []
    with pytest.raises(TelegramBadRequest, match="no caption in the message"):
        await sent.edit_caption(caption="二")
    await sent.delete()
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await sent.edit_text("三")
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await sent.delete()
    assert telegram.violations == []


async def test_a_persons_own_message_cannot_be_edited(
    telegram: TelegramServer, client: Bot
) -> None:
    person = telegram.person()
    person.says("我的")
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await client.edit_message_text("改", chat_id=person.id, message_id=person.messages[0].id)


async def test_an_edit_by_the_person(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    person.says("错字")
    person.edits(person.messages[0], "改好")
    assert [message.text for message in person.messages] == ["改好"]
    updates = await client.get_updates()
    assert updates[-1].edited_message and updates[-1].edited_message.text == "改好"


async def test_queries_are_answered_once_and_in_time(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    await client.send_message(person.id, "?", reply_markup=YES)
    person.presses("是")
    person.presses("是").gets_old()
    fresh, old = [update.callback_query for update in await client.get_updates()]
    assert fresh and old
    await client.answer_callback_query(fresh.id)
    for query in (fresh, old):
        with pytest.raises(TelegramBadRequest, match="query is too old"):
            await client.answer_callback_query(query.id)


async def test_a_person_who_blocked_the_bot(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    person.blocks_bot()
    with pytest.raises(TelegramForbiddenError, match="blocked by the user"):
        await client.send_message(person.id, "在吗")
    person.unblocks_bot()
    await client.send_message(person.id, "回来了")
    left, back = [update.my_chat_member for update in await client.get_updates()]
    assert left and left.new_chat_member.status == "kicked"
    assert back and back.new_chat_member.status == "member"


async def test_an_unknown_chat(telegram: TelegramServer, client: Bot) -> None:
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await client.send_message(1, "谁？")


async def test_the_keyboard_under_the_input_field(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    keys = [
        [types.KeyboardButton(text="发送位置", request_location=True)],
        [types.KeyboardButton(text="返回")],
    ]
    board = types.ReplyKeyboardMarkup(keyboard=keys, resize_keyboard=True)
    await client.send_message(person.id, "在哪？", reply_markup=board)
    assert person.reply_keyboard == [["发送位置"], ["返回"]]
    person.taps("返回")
    (update,) = await client.get_updates()
    assert update.message and update.message.text == "返回"
    with pytest.raises(AssertionError, match="shares something else"):
        person.taps("发送位置")
    remove = types.ReplyKeyboardRemove(remove_keyboard=True)
    await client.send_message(person.id, "好", reply_markup=remove)
    assert person.reply_keyboard == []


async def test_a_keyboard_for_one_tap(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    keys = [[types.KeyboardButton(text="返回")]]
    board = types.ReplyKeyboardMarkup(keyboard=keys, one_time_keyboard=True)
    await client.send_message(person.id, "在哪？", reply_markup=board)
    person.taps("返回")
    assert person.reply_keyboard == []


async def test_protected_content(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    kept = await client.send_message(person.id, "回执", protect_content=True)
    free = await client.send_message(person.id, "指南")
    assert (kept.has_protected_content, free.has_protected_content) == (True, None)


async def test_replies(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    person.says("问")
    (update,) = await client.get_updates()
    assert update.message
    answer = await update.message.as_(client).reply("答")
    assert answer.reply_to_message and answer.reply_to_message.text == "问"
    lost = types.ReplyParameters(message_id=99)
    with pytest.raises(TelegramBadRequest, match="replied not found"):
        await client.send_message(person.id, "答", reply_parameters=lost)


async def test_the_bots_profile(telegram: TelegramServer, client: Bot) -> None:
    menu = [types.BotCommand(command="report", description="上报隐患")]
    await client.set_my_commands(menu, language_code="zh")
    await client.set_my_description("随手拍")
    await client.set_my_short_description("随手拍")
    await client.set_chat_menu_button(menu_button=types.MenuButtonCommands())
    assert telegram.commands("zh") == [{"command": "report", "description": "上报隐患"}]
    assert (await client.me()).username == "suishoupai_bot"
    await client.delete_my_commands(language_code="zh")
    assert telegram.commands("zh") == []
    person = telegram.person("小红")
    assert (await client.get_chat(person.id)).first_name == "小红"
    assert telegram.violations == []


async def test_what_is_not_seen_is_shown(telegram: TelegramServer, client: Bot) -> None:
    person = telegram.person()
    await client.send_message(person.id, "别的", reply_markup=YES)
    with pytest.raises(AssertionError, match=r"bot \| 别的\n    \| \[是\]"):
        await person.sees("这个", timeout=0.01)
    person.says("嗯")
    with pytest.raises(AssertionError, match="别的"):
        await person.sees("别的", timeout=0.01, fresh=True)
    assert (await person.sees("别的")).buttons == [["是"]]
