"""The paths that people at Telegram go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from secrets import token_bytes

from bot.core.dialogue import Message
from bot.core.receipt import receipt_from
from tests.canary.scene import CAMERA, FILE_NAME, NAMES, NUMBER, PHONE, Scene, film, picture
from tests.contract.channels.telegram import AtTelegram
from tests.whole.test_telegram import submits, to_location, to_summary

Attaching = Callable[[AtTelegram], Awaitable[None]]
SEEN = "安全出口被货架堵住"
# Counts begin anew at moments that are not ours: so many are too many on either side of one.
TURNS_TOO_MANY, GUESSES_TOO_MANY = 2 * 120 + 2, 2 * 20 + 2


async def telegram_report(scene: Scene) -> None:
    """Pictures, one of them as a file, and a receipt."""
    await reports(scene, "resident", "telegram: " + SEEN, _three_pictures)


async def telegram_video(scene: Scene) -> None:
    """A video that keeps its sound."""
    await reports(scene, "filmer", "telegram video: " + SEEN, _film)


async def reports(scene: Scene, name: str, seen: str, attaching: Attaching) -> None:
    """A whole report with something attached; the receipt goes by what was seen."""
    resident = scene.at_telegram(name)
    await to_location(resident)
    await resident.says("解放路 12 号地下车库")
    await resident.at("media")
    await attaching(resident)
    await resident.loses(*(Message("media.checking", count=count) for count in (1, 2, 3)))
    await resident.presses("done")
    await resident.at("description")
    await resident.says(seen)
    await resident.at("danger")
    await resident.presses("danger:yes")
    await resident.at("summary")
    scene.receipts[seen.partition(":")[0]] = await submits(resident)


async def _three_pictures(resident: AtTelegram) -> None:
    await resident.sends(picture(), picture(20))
    await resident.at("media", Message("media.have", count=2))
    await resident.sends_file(picture(40), FILE_NAME, "image/jpeg")
    await resident.at("media", Message("media.have", count=3))


async def one_picture(resident: AtTelegram) -> None:
    """A single photo."""
    await resident.sends(picture(60))
    await resident.at("media", Message("media.have", count=1))


async def _film(resident: AtTelegram) -> None:
    resident.person.sends_video(film(), f"{CAMERA}.mp4")
    await resident.sees(Message("sound.ask"))
    await resident.presses("sound:keep")
    await resident.at("media", Message("media.have", count=1))


async def telegram_follow_up(scene: Scene) -> None:
    """The receipt's button, the receipt typed, *my reports*."""
    receipt = scene.receipts["telegram"]
    await scene.resident.presses(f"status:{receipt}")
    await scene.resident.at("status")
    await scene.resident.says(receipt)
    await scene.resident.at("status")
    await scene.resident.opens_my_reports(receipt)


async def telegram_nonsense(scene: Scene) -> None:
    """A contact, a sticker, a file that is none, a voice: nothing of it is of use."""
    person = scene.resident.person
    contact = {"phone_number": PHONE, "first_name": NAMES["first_name"], "user_id": NUMBER}
    person.sends(contact=contact)
    person.sends_file(b"%PDF-1.7 " + PHONE.encode(), FILE_NAME, "application/pdf")
    person.sends_file(b"\xff\xd8\xff\xe0 no picture " + PHONE.encode(), FILE_NAME, "image/jpeg")
    await scene.resident.waits_until(lambda: not scene.city.server.waiting())
    await scene.city.server.drained(20)


async def telegram_errors(scene: Scene) -> None:
    """The messenger's server fails in all its ways, naming the person as it does."""
    server = scene.city.server
    server.fail("sendMessage", 400, f"Bad Request: chat {NUMBER} not found")
    server.fail("editMessageText", 400, f"Bad Request: {NAMES['username']} not found")
    server.fail_with_page("sendMessage")
    await scene.resident.commands("guide")
    await server.drained(20)
    server.reset("sendMessage")
    await scene.resident.commands("privacy")
    await server.drained(20)


async def telegram_too_fast(scene: Scene) -> None:
    """More turns in a minute than a person needs."""
    resident = scene.at_telegram("hasty")
    await resident.arrives()
    for _ in range(TURNS_TOO_MANY):
        await resident.says("?")
    await resident.sees(Message("error.too_fast"))
    await scene.city.server.drained(20)


async def telegram_guesses(scene: Scene) -> None:
    """Receipts that nobody was given, until no more are looked up."""
    resident = scene.at_telegram("guesser")
    await resident.arrives()
    for _ in range(GUESSES_TOO_MANY):
        await resident.says(receipt_from(token_bytes(12)))
    await resident.sees(Message("status.too_many"))


async def telegram_forgets_one(scene: Scene) -> None:
    """Two reports, and no more news of the first."""
    resident = scene.at_telegram("regretful")
    for name in ("regretted", "not regretted"):
        await to_summary(resident, f"{name}: {SEEN}")
        scene.receipts[name] = await submits(resident)
    receipt = scene.receipts["regretted"]
    await resident.says(receipt)
    await resident.at("status")
    await resident.presses(f"forget:{receipt}")
    await resident.sees(Message("forget.ask", {"tail": receipt[-4:]}))
    await resident.presses(f"forgotten:{receipt}")
    await resident.sees(Message("forget.done"))
    scene.gone.add("regretted")


async def telegram_blocked(scene: Scene) -> None:
    """News for somebody who has blocked the bot."""
    resident, operator = scene.at_telegram("leaver"), scene.operator
    await to_summary(resident, "leaver: " + SEEN)
    scene.receipts["leaver"] = await submits(resident)
    number = await scene.case("leaver: " + SEEN)
    resident.person.blocks_bot()
    await operator.moves(number, "accepted")
    await scene.city.tried_in_vain(resident)
    scene.gone.add("leaver")


async def telegram_killed(scene: Scene) -> None:
    """Everything dies in the midst of a turn, and comes back."""
    await scene.resident.commands("start")
    await scene.resident.at("resume")  # the broken picture began a report
    scene.resident.presses_and_looks_away("go_on")
    await scene.restart()
    # Whether the screen still came before the end is a matter of moments.
    await scene.resident.commands("cancel")
    await scene.resident.at("cancel")
    await scene.resident.presses("cancel:yes")
    await scene.resident.at("menu")


async def telegram_notices(scene: Scene) -> None:
    """The desk moves the case; the person hears of it."""
    operator = scene.operator
    number = await scene.case("telegram: " + SEEN)
    await operator.moves(number, "accepted")
    await operator.moves(number, "verified", "现场属实")
    tail = scene.receipts["telegram"][-4:]
    await scene.resident.sees(Message("notice.verified", {"tail": tail}))
