"""The chat in a real browser on a phone's screen: what people do, and what they see."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import expect

from bot.channels.contract import Notice, Shown
from bot.channels.webchat import Sender
from bot.core.dialogue import Command, Opened, Pressed, Text
from bot.core.errors import StoreUnavailable
from tests.browser.conftest import OpenContext, OpenPhone
from tests.browser.phone import Phone
from tests.browser.script import ANOTHER, RECEIPT
from tests.channels.webchat.world import World, until


async def test_a_choice_becomes_a_bubble_and_the_next_prompt_takes_its_place(
    chat: World, phone: Phone
) -> None:
    await phone.press("Report a hazard")
    await expect(phone.mine).to_have_text(re.compile("Report a hazard"))
    await expect(phone.theirs.last).to_contain_text("Step 2")
    await expect(phone.choices).to_have_text(["Next 2", "Back", "Cancel"])
    await expect(phone.page.locator(".entry.mine")).to_have_attribute("data-state", "sent")
    assert chat.conversation.events == [Opened(), Pressed("go", 1)]


async def test_two_fast_touches_are_one_answer(chat: World, phone: Phone) -> None:
    chat.conversation.open.clear()
    await phone.choices.first.evaluate("button => { button.click(); button.click(); }")
    await expect(phone.choices.first).to_have_attribute("aria-disabled", "true")
    await expect(phone.page.locator("#typing")).to_be_visible()
    chat.conversation.open.set()
    await expect(phone.theirs.last).to_contain_text("Step 2")
    await expect(phone.page.locator("#typing")).to_be_hidden()
    await expect(phone.mine).to_have_count(1)
    assert chat.conversation.events == [Opened(), Pressed("go", 1)]


async def test_enter_sends_but_not_while_a_chinese_word_is_chosen(
    chat: World, phone: Phone
) -> None:
    field = phone.page.locator("#words")
    await field.fill("消防")
    composing = {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True}
    await field.dispatch_event("keydown", composing)
    await expect(field).to_have_value("消防")
    await field.press("Shift+Enter")
    await field.press_sequentially("通道")
    await field.press("Enter")
    await expect(field).to_have_value("")
    await until(lambda: Text("消防\n通道") in chat.conversation.events)


async def test_what_is_too_long_comes_back_to_be_shortened(chat: World, phone: Phone) -> None:
    field = phone.page.locator("#words")
    await phone.write("too long as it is")
    await expect(phone.theirs.last).to_contain_text("Too long")
    await expect(field).to_have_value("too long as it is")
    await phone.page.reload()
    await expect(field).to_have_value("too long as it is")
    chat.conversation.open.clear()
    await phone.page.locator("#send").click()
    await field.fill("shorter")
    chat.conversation.open.set()
    await expect(phone.page.locator('.entry.mine[data-state="sent"]')).to_have_count(2)
    await expect(field).to_have_value("shorter")


async def test_words_are_words_and_never_markup(chat: World, phone: Phone) -> None:
    await phone.write("<img src=x onerror=alert(1)> $title {name}")
    await expect(phone.mine).to_contain_text("<img src=x onerror=alert(1)> $title {name}")
    assert await phone.page.locator("#log img").count() == 0


async def test_the_same_screen_again_stays_one_bubble(chat: World, phone: Phone) -> None:
    await phone.call_up("media")
    count = await phone.theirs.count()
    shown = chat.conversation.screens(await phone.kept("token"))[0]
    one = Shown("media", "1 picture", "zh", shown.rows, serial=shown.serial)
    await chat.channel.show(await phone.kept("token"), (one,))
    await expect(phone.theirs.last).to_contain_text("1 picture")
    await expect(phone.theirs).to_have_count(count)
    await expect(phone.choices).to_have_count(3)


async def test_news_of_a_screen_left_behind_is_not_shown(chat: World, phone: Phone) -> None:
    await phone.press("Report a hazard")
    await expect(phone.theirs.last).to_contain_text("Step 2")
    token = await phone.kept("token")
    await chat.channel.show(token, (Shown("media", "too late", "zh", serial=1),))
    await chat.channel.show(token, (Shown("media", "in time", "zh", serial=2),))
    await expect(phone.theirs.last).to_contain_text("in time")
    await expect(phone.page.locator("#log")).not_to_contain_text("too late")


async def test_nothing_is_lost_or_doubled_while_the_server_is_away(
    chat: World, phone: Phone
) -> None:
    await phone.press("Report a hazard")
    await expect(phone.theirs.last).to_contain_text("Step 2")
    await chat.stop()
    await expect(phone.banner).to_have_text(re.compile("正在连接"), timeout=10_000)
    await phone.write("first")
    await phone.write("second")
    await expect(phone.page.locator('.entry.mine[data-state="waiting"]')).to_have_count(2)
    await chat.start()
    await expect(phone.banner).to_be_hidden(timeout=20_000)
    await expect(phone.page.locator('.entry.mine[data-state="sent"]')).to_have_count(3)
    await expect(phone.theirs.last).to_contain_text("Step 4")
    said = [event for event in chat.conversation.events if not isinstance(event, Opened)]
    assert said == [Pressed("go", 1), Text("first"), Text("second")]


async def test_an_answer_that_got_lost_is_asked_for_again(chat: World, phone: Phone) -> None:
    await phone.page.evaluate("""() => {
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function (words) {
        send.call(this, words);
        if (words.includes("said once")) { WebSocket.prototype.send = send; this.close(); }
      };
    }""")
    await phone.write("said once")
    await expect(phone.page.locator(".entry.mine")).to_have_attribute("data-state", "sent")
    assert chat.conversation.events.count(Text("said once")) == 1


async def test_what_was_not_saved_is_said_and_sent_again(chat: World, phone: Phone) -> None:
    chat.conversation.failures = [StoreUnavailable("down")]
    await phone.write("keep this")
    await expect(phone.banner).to_contain_text("正在自动重试")
    await expect(phone.page.locator(".entry.mine")).to_have_attribute("data-state", "sent")
    await expect(phone.banner).to_be_hidden()
    assert chat.conversation.events.count(Text("keep this")) == 1


async def test_what_cannot_be_taken_is_said_and_the_chat_goes_on(chat: World, phone: Phone) -> None:
    chat.conversation.failures = [ValueError("a fault of ours")]
    await phone.write("unlucky")
    failed = phone.page.locator('.entry.mine[data-state="failed"]')
    await expect(failed).to_contain_text("我们这边出了点问题")
    await phone.write("lucky")
    await expect(phone.page.locator('.entry.mine[data-state="sent"]')).to_have_count(1)


async def test_a_closed_tab_loses_nothing(
    chat: World, new_context: OpenContext, new_phone: OpenPhone
) -> None:
    context = await new_context()
    phone = await new_phone(context)
    await chat.stop()
    await phone.write("said without a connection")
    await expect(phone.mine).to_have_count(1)
    await phone.page.close()
    await chat.start()
    back = await new_phone(context)
    await expect(back.page.locator(".entry.mine")).to_have_attribute("data-state", "sent")
    assert chat.conversation.events.count(Text("said without a connection")) == 1


async def test_the_chat_is_as_it_was_after_a_reload(chat: World, phone: Phone) -> None:
    await phone.press("Report a hazard")
    await expect(phone.theirs.last).to_contain_text("Step 2")
    await phone.page.locator("#words").fill("half a sentence")
    await phone.page.reload()
    await expect(phone.mine).to_contain_text("Report a hazard")
    await expect(phone.page.locator(".between")).to_contain_text("以上是之前的对话")
    await expect(phone.choices.first).to_have_text("Next 2")
    await expect(phone.page.locator("#words")).to_have_value("half a sentence")
    await expect(phone.theirs).to_have_count(2)
    assert await phone.page.locator("#log > :last-child").get_attribute("data-screen") == "step"


async def test_two_tabs_are_one_chat(
    chat: World, new_context: OpenContext, new_phone: OpenPhone
) -> None:
    context = await new_context()
    one, other = await new_phone(context), await new_phone(context)
    await one.press("Report a hazard")
    await expect(other.theirs.last).to_contain_text("Step 2")
    await expect(other.mine).to_contain_text("Report a hazard")
    await other.press("Next 2")
    for phone in (one, other):
        await expect(phone.theirs.last).to_contain_text("Step 3")
        await expect(phone.mine).to_have_count(2)
        await expect(phone.choices.first).to_have_text("Next 3")
    pressed = [event for event in chat.conversation.events if isinstance(event, Pressed)]
    assert pressed == [Pressed("go", 1), Pressed("next", 2)]


async def test_another_browser_is_another_person(new_phone: OpenPhone) -> None:
    one, other = await new_phone(), await new_phone()
    assert await one.kept("token") != await other.kept("token")
    await one.press("Report a hazard")
    await expect(one.theirs.last).to_contain_text("Step 2")
    await expect(other.choices.first).to_have_text("Report a hazard")


async def test_a_receipt_is_kept_copied_and_shown_with_my_reports(
    chat: World, new_context: OpenContext, new_phone: OpenPhone
) -> None:
    context = await new_context(permissions=["clipboard-read", "clipboard-write"])
    phone = await new_phone(context)
    await phone.call_up("receipt")
    await expect(phone.page.locator(".code")).to_have_text("5X3J 5MKD Z8VJ KZ5J TMNS ")
    await expect(phone.theirs.last).not_to_contain_text(RECEIPT)
    await phone.page.locator(".copy").click()
    await expect(phone.page.locator(".copy")).to_have_text("已复制")
    assert await phone.page.evaluate("navigator.clipboard.readText()") == RECEIPT
    await phone.page.locator("#menu-open").click()
    await phone.page.locator("[data-command=reports]").click()
    await until(lambda: Command("reports") in chat.conversation.events)
    assert chat.conversation.taken[-1].receipts == (RECEIPT,)
    assert [one.receipts for one in chat.conversation.taken[:-1]] == [(), ()]


async def test_forgetting_asks_once_and_leaves_nothing(
    chat: World, new_context: OpenContext, new_phone: OpenPhone
) -> None:
    context = await new_context()
    phone, other = await new_phone(context), await new_phone(context)
    await phone.call_up("receipt")
    token = await phone.kept("token")
    await phone.page.locator("#menu-open").click()
    await phone.page.locator("#forget-open").click()
    await phone.page.locator("#forget [data-close]").click()
    assert await phone.kept("receipts") == [RECEIPT]
    await phone.page.locator("#menu-open").click()
    await phone.page.locator("#forget-open").click()
    await phone.page.locator("#forget-yes").click()
    for tab in (phone, other):
        await expect(tab.theirs).to_have_text(re.compile("您好"))
        await expect(tab.mine).to_have_count(0)
    assert await phone.kept("receipts") is None
    assert await phone.kept("token") == await other.kept("token") != token


async def test_one_report_that_is_forgotten_leaves_nothing_of_itself(
    chat: World, new_context: OpenContext, new_phone: OpenPhone
) -> None:
    context = await new_context()
    phone, other = await new_phone(context), await new_phone(context)
    await phone.write("the door is locked")
    await phone.call_up("another", "receipt")
    await expect(other.page.locator(".code")).to_have_count(2)
    await phone.call_up("sure")
    await phone.press("Forget me")
    for tab in (phone, other):
        await expect(tab.page.locator(".entry")).to_have_text([re.compile("Forgotten")])
    for tab in (phone, other):
        await tab.page.reload()
        await expect(tab.theirs.last).to_contain_text("Forgotten")
        left = await tab.page.content() + await tab.page.evaluate("JSON.stringify(localStorage)")
        assert not [word for word in ("the door", RECEIPT, RECEIPT[-4:]) if word in left]
    await phone.page.locator("#menu-open").click()
    await phone.page.locator("[data-command=reports]").click()
    await until(lambda: Command("reports") in chat.conversation.events)
    assert chat.conversation.taken[-1].receipts == (ANOTHER,)


async def test_a_notice_is_shown_once(
    chat: World, new_context: OpenContext, new_phone: OpenPhone
) -> None:
    context = await new_context()
    phone = await new_phone(context)
    sender, token = Sender(chat.surroundings), await phone.kept("token")
    notice = Notice("n-1", "您的举报已核实。\n谢谢您！", "zh")
    await sender.send(token, notice)
    news = phone.page.locator(".entry.news")
    await expect(news).to_contain_text("已核实")
    await phone.write("thank you")
    await expect(phone.theirs.last).to_contain_text("Step 2")
    await phone.page.close()
    await sender.send(token, notice)
    await sender.send(token, Notice("n-2", "已整改", "zh"))
    back = await new_phone(context)
    await expect(back.page.locator(".entry.news")).to_contain_text(["已核实", "已整改"])
    entries = await back.page.locator(".entry:not(.between)").all_inner_texts()
    told = [
        next(word for word in ("已核实", "thank you", "已整改", "") if word in text)
        for text in entries
    ]
    assert [word for word in told if word] == ["已核实", "thank you", "已整改"]
    await until(lambda: _inbox_empty(chat))


async def test_the_language_changes_the_page_at_once_and_the_conversation_with_it(
    chat: World, phone: Phone
) -> None:
    chat.conversation.open.clear()
    await expect(phone.page.locator("#language")).to_have_text("English")
    await phone.page.locator("#language").click()
    await expect(phone.page.locator("h1")).to_have_text("Snap a Hazard")
    await expect(phone.page.locator("#send")).to_have_attribute("aria-label", "Send")
    await expect(phone.page.locator("html")).to_have_attribute("lang", "en")
    await expect(phone.page).to_have_title("Snap a Hazard")
    chat.conversation.open.set()
    await expect(phone.theirs.last).to_contain_text("Hello")
    assert chat.conversation.events[-1] == Command("language", "en")
    await phone.page.reload()
    await expect(phone.page.locator("#language")).to_have_text("中文")


async def test_the_page_follows_the_conversations_language(chat: World, phone: Phone) -> None:
    shown = Shown("step", "Now in English", "en", serial=1)
    await chat.channel.show(await phone.kept("token"), (shown,))
    await expect(phone.page.locator("h1")).to_have_text("Snap a Hazard")
    await expect(phone.theirs.last).to_have_attribute("lang", "en")


async def test_numbers_to_call_are_one_touch_away_and_never_passed_over(phone: Phone) -> None:
    await phone.page.emulate_media(reduced_motion="reduce")
    await phone.call_up("emergency", "long")
    await expect(phone.theirs.last).to_be_in_viewport()
    links = phone.page.locator('[data-screen="emergency"] a')
    assert [await one.get_attribute("href") for one in await links.all()] == [
        "tel:119",
        "tel:120",
        "tel:110",
    ]
    await expect(links.first).to_be_in_viewport()
    await phone.press("Next")
    await expect(phone.theirs.last).to_contain_text("Step 3")
    await expect(links).to_have_count(3)


async def test_the_answer_to_a_long_message_is_not_below_the_fold(phone: Phone) -> None:
    await phone.write("The door does not open. " * 100)
    await expect(phone.theirs.last).to_contain_text("Step 2")
    await phone.stands_still()
    await expect(phone.theirs.last).to_be_in_viewport(ratio=1)
    await expect(phone.choices.last).to_be_in_viewport(ratio=1)


async def test_the_last_choice_is_in_sight_where_the_tools_unfold(phone: Phone) -> None:
    await phone.call_up("long", "many")
    await phone.press("Change the pictures")
    await expect(phone.page.locator("#tools")).to_be_visible()
    await phone.stands_still()
    await expect(phone.choices.last).to_be_in_viewport(ratio=1)


async def test_reading_up_is_not_disturbed(chat: World, phone: Phone) -> None:
    for _ in range(6):
        await phone.call_up("media")
    await phone.page.locator("#scroll").evaluate("e => e.scrollTo({top: 0, behavior: 'instant'})")
    newest = phone.page.locator("#newest")
    await expect(newest).to_be_visible()
    token = await phone.kept("token")
    await Sender(chat.surroundings).send(token, Notice("n-1", "已核实", "zh"))
    news = phone.page.locator(".entry.news")
    await expect(news).to_have_count(1)
    await expect(news).not_to_be_in_viewport()
    await newest.click()
    await expect(news).to_be_in_viewport()
    await expect(newest).to_be_hidden()


async def test_the_transcript_stays_bounded(phone: Phone) -> None:
    entry: dict[str, Any] = {"kind": "own", "text": "x", "state": "sent", "at": 0}
    many = [{**entry, "id": f"old-{number}"} for number in range(200)]
    await phone.page.evaluate(
        "many => many.forEach(one => "
        "localStorage.setItem('suishoupai.said.' + one.id, JSON.stringify(one)))",
        many,
    )
    await phone.page.reload()
    await expect(phone.choices.first).to_be_visible()
    said = "Object.keys(localStorage).filter(key => key.startsWith('suishoupai.said.')).length"
    assert await phone.page.evaluate(said) == 120


async def _inbox_empty(chat: World) -> bool:
    return not await chat.surroundings.store.keys("inbox:*")
