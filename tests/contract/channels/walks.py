"""Ways through the form that many cases begin with."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from tests.contract.channels.driver import Resident
from tests.contract.channels.stage import Stage

ADDRESS = "解放路 12 号地下车库"
SEEN = "安全出口被货架堵住，门打不开"
# The shortest way through the form.
WAY = (
    ("category", "fire"),
    ("hazard", "blocked_exit"),
    ("location", ADDRESS),
    ("media", "skip"),
    ("description", SEEN),
    ("danger", "danger:no"),
)
TYPED = ("location", "description")


def picture(colour: str = "red") -> bytes:
    target = BytesIO()
    Image.new("RGB", (320, 240), colour).save(target, "JPEG")
    return target.getvalue()


async def answers(resident: Resident, step: str, answer: str) -> None:
    """Answer one step: typed where it is words, pressed else."""
    await resident.at(step)
    if step in TYPED:
        await resident.says(answer)
    else:
        await resident.presses(answer)


async def begins(stage: Stage, locale: str = "zh") -> Resident:
    """Somebody who has begun a report."""
    resident = stage.resident(locale)
    await resident.arrives()
    await resident.at("menu")
    await resident.presses("report")
    await resident.at("category")
    return resident


async def reaches(stage: Stage, step: str) -> Resident:
    """Somebody who has come as far as this, by the shortest way."""
    resident = await begins(stage)
    for name, answer in WAY:
        if name == step:
            break
        await answers(resident, name, answer)
    await resident.at(step)
    return resident


async def submits(resident: Resident, times: int = 1) -> str:
    """Submit from the summary; the receipt."""
    await resident.presses("submit", times=times)
    screen = await resident.at("receipt")
    [status] = [one for one in screen.choices if one.startswith("status:")]
    receipt = status.removeprefix("status:")
    assert receipt in screen.text
    return receipt
