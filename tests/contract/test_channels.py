"""One suite over every channel: the same conversation, whatever carries it.

Each case runs over the real gateway, store and media worker, at the web chat's socket and at
Telegram by polling and by webhook.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.dialogue import Message
from bot.store.connection import Store
from tests.contract.channels.stage import CHANNELS, Stage, opened
from tests.contract.channels.walks import (
    ADDRESS,
    SEEN,
    WAY,
    answers,
    begins,
    picture,
    reaches,
    submits,
)


@pytest.fixture(params=CHANNELS)
async def stage(
    request: pytest.FixtureRequest, valkey_url: str, store: Store, tmp_path: Path
) -> AsyncIterator[Stage]:
    async with opened(request.param, valkey_url, tmp_path, store) as running:
        yield running


@pytest.mark.parametrize("locale", ["zh", "en"])
async def test_the_whole_form(stage: Stage, locale: str) -> None:
    resident = await begins(stage, locale)
    await resident.presses("fire")
    await resident.at("hazard")
    await resident.presses("blocked_exit")
    await resident.at("location")
    await resident.locates(30.7021, 111.2865)
    await resident.at("media")
    await resident.sends(picture("red"), picture("blue"))
    await resident.at("media", Message("media.have", count=2))
    await resident.loses(*(Message("media.checking", count=count) for count in (1, 2)))
    await resident.presses("done")
    await resident.at("description")
    await resident.says(SEEN)
    await resident.at("danger")
    await resident.presses("danger:yes")
    await resident.sees("119 · 120 · 110")
    await resident.at("summary", SEEN, "30.70210, 111.28650", Message("media.pieces", count=2))
    await submits(resident)
    [report] = await stage.reports()
    assert (report.category, report.hazard) == ("fire", "blocked_exit")
    assert report.place.position == (30.7021, 111.2865)
    assert len(report.media) == 2
    assert report.description == SEEN
    assert report.danger


async def test_back_at_every_step(stage: Stage) -> None:
    resident = await begins(stage)
    kept = {"location": "keep", "description": "keep"}
    steps = [name for name, _ in WAY] + ["summary"]
    for (step, answer), following in zip(WAY, steps[1:], strict=True):
        await answers(resident, step, answer)
        await resident.at(following)
        await resident.presses("back")
        await resident.at(step)
        await resident.presses(kept.get(step, answer))
        await resident.at(following)
    for step in reversed(steps[:-1]):
        await resident.presses("back")
        screen = await resident.at(step)
    assert "back" not in screen.choices


async def test_skip_where_it_is_allowed(stage: Stage) -> None:
    resident = await reaches(stage, "media")
    await resident.presses("skip")
    screen = await resident.at("description")
    assert "skip" not in screen.choices
    await resident.presses("back")
    await resident.at("media")
    await resident.sends(picture())
    await resident.at("media", Message("media.have", count=1))
    await resident.presses("done")
    await resident.at("description")
    await resident.presses("skip")
    await resident.at("danger")


async def test_every_item_is_edited_from_the_summary(stage: Stage) -> None:
    resident = await reaches(stage, "summary")
    for step in ("category", "location", "media", "description", "danger"):
        await resident.presses(f"edit:{step}")
        await resident.at(step)
        await resident.presses("back")
        await resident.at("summary", ADDRESS, SEEN)
    await resident.presses("edit:description")
    await resident.at("description", SEEN)
    await resident.says("门已经锁死了")
    await resident.at("summary", ADDRESS, "门已经锁死了")
    await resident.presses("edit:category")
    await resident.at("category")
    await resident.presses("gas")
    await resident.at("hazard")
    await resident.presses("smell")
    await resident.at("summary", ADDRESS, Message("hazard.gas.smell"))


async def test_one_picture_of_several_is_taken_out_again(stage: Stage) -> None:
    resident = await reaches(stage, "media")
    await resident.sends(picture(), picture())
    await resident.at("media", Message("media.have", count=2))
    await resident.presses("remove")
    asked = await resident.at("remove")
    one, another = (choice for choice in asked.choices if choice.startswith("drop:"))
    await resident.presses(another)
    await resident.at("media", Message("media.have", count=1))
    await resident.presses("remove")
    assert (await resident.at("remove")).choices == (one, "go_on")


async def test_cancel_is_asked_once(stage: Stage) -> None:
    resident = await reaches(stage, "location")
    await resident.presses("cancel")
    await resident.at("cancel")
    await resident.presses("cancel:no")
    await resident.at("location")
    await resident.commands("cancel")
    await resident.at("cancel")
    await resident.presses("cancel:yes")
    await resident.at("menu", Message("cancel.done"))
    await resident.commands("cancel")
    await resident.at("menu", Message("cancel.nothing"))


@pytest.mark.parametrize("anew", [False, True])
async def test_a_draft_is_offered_after_a_restart(stage: Stage, anew: bool) -> None:
    resident = await reaches(stage, "description")
    await stage.stop()
    await stage.start()
    await resident.comes_back()
    await resident.still_at("description")
    await resident.commands("start")
    await resident.at("resume")
    if anew:
        await resident.presses("anew")
        await resident.at("anew")
    await resident.presses("anew:yes" if anew else "go_on")
    await resident.at("category" if anew else "description")


async def test_a_button_from_before_a_restart(stage: Stage) -> None:
    resident = await reaches(stage, "danger")
    await stage.stop()
    await stage.start()
    await resident.comes_back()
    await resident.still_at("danger")
    await resident.presses("danger:no")
    await resident.at("summary", ADDRESS, SEEN)


async def test_pictures_before_anything_else_are_all_counted(stage: Stage) -> None:
    resident = stage.resident()
    await resident.arrives()
    await resident.at("menu")
    await resident.sends(picture(), picture(), picture())
    await resident.at("category", Message("note.media_added", count=3))


async def test_out_of_order(stage: Stage) -> None:
    resident = stage.resident()
    await resident.arrives()
    await resident.at("menu")
    await resident.sends(picture(), caption=SEEN)
    await resident.at("category", Message("note.report_begun"))
    await resident.locates(30.7021, 111.2865)
    await resident.at("category", Message("note.location_taken"))
    await resident.presses("fire")
    await resident.at("hazard")
    await resident.presses("blocked_exit")
    await resident.at("media", Message("media.have", count=1))
    await resident.presses("done")
    await resident.at("danger")
    await resident.presses("danger:no")
    await resident.at("summary", SEEN, "30.70210, 111.28650", Message("media.pieces", count=1))


async def test_pressed_twice_and_old_buttons(stage: Stage) -> None:
    resident = stage.resident()
    await resident.arrives()
    menu = await resident.at("menu")
    await resident.presses("report", times=2)
    category = await resident.still_at("category")
    await resident.presses("fire", times=3)
    await resident.still_at("hazard")
    await resident.presses("gas", on=category)
    await resident.still_at("hazard")
    await resident.presses("report", on=menu)
    await resident.still_at("hazard")
    await resident.presses("cancel", on=category)
    await resident.still_at("hazard")
    await resident.presses("blocked_exit")
    await resident.at("location")
    await resident.says(ADDRESS)
    await resident.at("media")
    # Twice by a nervous thumb is one step back.
    await resident.presses("back", times=2)
    await resident.still_at("location")
    await resident.says(ADDRESS)
    await resident.at("media")
    assert await stage.reports() == []


@pytest.mark.parametrize("step", ["menu", "category", "hazard", "media", "danger", "summary"])
async def test_unknown_input_gets_help_for_its_step(stage: Stage, step: str) -> None:
    if step == "menu":
        resident = stage.resident()
        await resident.arrives()
    else:
        resident = await reaches(stage, step)
    await resident.at(step)
    await resident.says("？？")
    await resident.at(step, Message(f"help.{step}"))


async def test_the_receipt_leads_to_the_status(stage: Stage) -> None:
    resident = await reaches(stage, "summary")
    receipt = await submits(resident)
    await resident.presses(f"status:{receipt}")
    await resident.at("status", Message("status.name.waiting"), receipt[-4:])
    await resident.says(receipt.lower())
    await resident.at("status", Message("status.name.waiting"), receipt[-4:])
    listed = await resident.opens_my_reports(receipt)
    await resident.presses(f"status:{receipt}", on=listed)
    await resident.at("status", Message("status.name.waiting"), receipt[-4:])
    await resident.presses("menu")
    await resident.at("menu")


async def test_a_double_submit_is_one_report(stage: Stage) -> None:
    resident = await reaches(stage, "summary")
    summary = resident.screen()
    receipt = await submits(resident, times=3)
    await resident.presses("submit", on=summary)
    await resident.still_at("receipt")
    await resident.presses("menu")
    await resident.at("menu")
    assert resident.copies(receipt) == 1
    assert len(await stage.reports()) == 1


async def test_what_is_delivered_again_counts_once(stage: Stage) -> None:
    resident = await reaches(stage, "description")
    await resident.says(SEEN)
    await resident.at("danger")
    await resident.is_delivered_again()
    await resident.still_at("danger")
    await resident.presses("danger:no")
    await resident.at("summary", SEEN)
    receipt = await submits(resident)
    await resident.is_delivered_again()
    await resident.presses("menu")
    await resident.at("menu")
    await resident.is_delivered_again()
    await resident.presses("report")
    await resident.at("category")
    assert resident.copies(receipt) == 1
    [report] = await stage.reports()
    assert report.description == SEEN


async def test_text_up_to_its_limit(stage: Stage) -> None:
    resident = await reaches(stage, "location")
    for step, most in (("location", 200), ("description", 2000)):
        await resident.says("堵" * (most + 1))
        await resident.at(step, Message("error.too_long", {"length": most + 1, "most": most}))
        await resident.says("堵" * most)
        if step == "location":
            await resident.at("media")
            await resident.presses("skip")
            await resident.at("description")
    await resident.at("danger")
    await resident.presses("danger:no")
    await resident.at("summary", "堵" * 2000)


async def test_another_language_at_the_same_step(stage: Stage) -> None:
    resident = await reaches(stage, "media")
    await resident.commands("language")
    await resident.at("language")
    await resident.presses("locale:en")
    resident.locale = "en"
    await resident.at("media")
    await resident.presses("skip")
    await resident.at("description")
