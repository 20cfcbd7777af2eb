"""`case.created`: what it holds, how it is signed, and why sending it twice opens one case."""

import base64
from collections.abc import AsyncIterator

import orjson
import pytest

from bot.core.errors import CaseRefused, CaseSystemDown
from bot.core.report import Place
from config.settings import SettingRefused
from tests.fakes.cases import LINKS, SECRET, CaseReceiver, Fault, sample, webhook_settings
from workers.cases.webhook import Webhook, event

NEXT = "whsec_" + base64.b64encode(b"the next key, 24 bytes..").decode()


@pytest.fixture
async def receiver() -> AsyncIterator[CaseReceiver]:
    async with CaseReceiver() as receiver:
        yield receiver


@pytest.fixture
async def system(receiver: CaseReceiver) -> AsyncIterator[Webhook]:
    system = Webhook(webhook_settings(receiver.url))
    yield system
    await system.close()


async def test_the_event_holds_the_report_and_nobody(
    receiver: CaseReceiver, system: Webhook
) -> None:
    submission = sample("R-1")
    assert await system.open_case(submission) == "C-1"
    hour = submission.requested_at.isoformat()
    assert receiver.events["R-1"] == {
        "type": "case.created",
        "timestamp": hour,
        "data": {
            "reference": "R-1",
            "service_code": "fire",
            "hazard": "消防安全：通道被堵",
            "major": True,
            "description": submission.report.description,
            "position": {"lat": 30.691234567, "long": 111.286},
            "address": "西陵区东山大道 1 号 & 后门",
            "media_urls": list(LINKS),
            "requested_at": hour,
        },
    }
    call = receiver.received[0]
    assert call.headers["User-Agent"] == "Suishoupai"
    assert call.query == {"from": "gateway"}


def test_a_place_in_words_has_no_position() -> None:
    assert event(sample(place=Place(words="东门")))["data"]["position"] is None


def test_the_equator_is_a_position() -> None:
    assert event(sample(place=Place(0.0, 0.0)))["data"]["position"] == {"lat": 0.0, "long": 0.0}


async def test_sending_again_opens_no_second_case(receiver: CaseReceiver, system: Webhook) -> None:
    receiver.fail(Fault(how="reset", opens=True))
    with pytest.raises(CaseSystemDown):
        await system.open_case(sample("R-1"))
    assert await system.find_case("R-1", sample().report.submitted_at) is None
    assert await system.open_case(sample("R-1")) == "C-1"
    assert len(receiver.events) == 1
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "R-1"
    assert first.body == second.body


@pytest.mark.parametrize("kept", [SECRET, NEXT])
async def test_while_keys_change_either_one_verifies(kept: str) -> None:
    async with CaseReceiver(kept) as receiver:
        system = Webhook(webhook_settings(receiver.url, f"{NEXT} {SECRET}"))
        assert await system.open_case(sample()) == "C-1"
        await system.close()


@pytest.mark.parametrize(
    ("status", "body", "case_id"),
    [
        (200, b'{"case_id": "X-9"}', "X-9"),
        (201, b'{"case_id": 9}', "9"),
        (202, b"", "R-1"),
        (204, b"", "R-1"),
        (200, b"OK", "R-1"),
        (200, b'{"case_id": null}', "R-1"),
        (200, b'{"case_id"', "R-1"),
        (200, b'[{"other": 1}]', "R-1"),
        (409, b"", "R-1"),
        (409, b'{"case_id": "X-9"}', "X-9"),
    ],
)
async def test_what_was_taken_has_an_id(
    receiver: CaseReceiver, system: Webhook, status: int, body: bytes, case_id: str
) -> None:
    receiver.fail(Fault(status=status, body=body))
    assert await system.open_case(sample("R-1")) == case_id


async def test_a_refusal_shows_neither_address_nor_secret(
    receiver: CaseReceiver, system: Webhook
) -> None:
    said = orjson.dumps({"description": f"do not call {receiver.url} any more"})
    receiver.fail(Fault(status=410, body=said))
    with pytest.raises(CaseRefused) as caught:
        await system.open_case(sample())
    assert str(caught.value) == "HTTP 410: do not call … any more"


@pytest.mark.parametrize("secret", ["whsec_", "whsec_a", " "])
def test_a_bad_secret_is_one_sentence(secret: str) -> None:
    settings = webhook_settings("http://cases.example/hook", SECRET)
    settings = settings.model_copy(
        update={"case_webhook_secret": type(settings.case_webhook_secret)(secret)}
    )
    with pytest.raises(SettingRefused, match="CASE_WEBHOOK_SECRET"):
        Webhook(settings)


@pytest.mark.parametrize(
    "url", ["cases.example/hook", "ftp://cases.example", "http://", "http://["]
)
def test_a_bad_address_is_one_sentence(url: str) -> None:
    with pytest.raises(SettingRefused, match="CASE_WEBHOOK_URL"):
        Webhook(webhook_settings(url))
