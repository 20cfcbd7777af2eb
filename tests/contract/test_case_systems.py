"""What the push worker relies on, held against every case system there is."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import ClientSession

from bot.core.errors import (
    CaseInDoubt,
    CaseRefused,
    CaseSystemDown,
    CaseSystemError,
    CaseThrottled,
)
from config.settings import Settings
from tests.fakes.cases import (
    KEY,
    SECRET,
    CaseReceiver,
    Fault,
    GeoReportServer,
    Manners,
    Remembered,
    open311_settings,
    sample,
    webhook_settings,
)
from workers.cases import connect
from workers.cases.contract import CaseSystem
from workers.cases.open311 import Open311
from workers.cases.webhook import Webhook
from workers.cases.wire import Patience

SYSTEMS = ("open311-json", "open311-xml", "webhook", "desk")
FAKES = SYSTEMS[:3]
SHORT = Patience(total=0.4, token_waits=(0.01, 0.02))
PAGE = b"<!DOCTYPE html><html><body>Back soon</body></html>"


@dataclass
class World:
    """A case system, and what only a test may know of it."""

    name: str
    system: CaseSystem
    references: Callable[[], Awaitable[list[str]]]
    fakes: GeoReportServer | CaseReceiver | None
    settings: Settings

    @property
    def searches(self) -> bool:
        """Whether a case can be found; a webhook is sent again instead."""
        return self.name != "webhook"

    @property
    def fake(self) -> GeoReportServer | CaseReceiver:
        """The stand-in behind it."""
        assert self.fakes is not None
        return self.fakes


@pytest.fixture(scope="module")
def desk_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real desk as a process of its own."""
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path_factory.mktemp("desk")),
        "DESK_HOST": "127.0.0.1",
        "DESK_PORT": "0",
        "OPEN311_API_KEY": KEY,
        "CASE_HOOK_SECRET": SECRET,
        "CASE_HOOK_URL": "http://127.0.0.1:9/hooks/case",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "desk"],
        env=environment,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    assert process.stdout is not None
    link = next(line for line in process.stdout if line.startswith("Desk: "))
    try:
        yield link.removeprefix("Desk: ").partition("/login/")[0] + "/open311/v2"
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        world = await _world(request, stack)
        yield world
        await world.system.close()


async def _world(request: pytest.FixtureRequest, stack: AsyncExitStack) -> World:
    name: str = request.param
    if name == "desk":
        settings = open311_settings(request.getfixturevalue("desk_url"))
        return World(
            name,
            connect(settings, Remembered()),
            lambda: _desk_references(settings),
            None,
            settings,
        )
    if name == "webhook":
        receiver = await stack.enter_async_context(CaseReceiver())
        settings = webhook_settings(receiver.url)

        async def told() -> list[str]:
            return [event["data"]["reference"] for event in receiver.events.values()]

        return World(name, connect(settings, Remembered()), told, receiver, settings)
    manners = Manners(formats=("xml",) if name == "open311-xml" else ("json", "xml"))
    server = await stack.enter_async_context(GeoReportServer(manners))
    settings = open311_settings(server.url)

    async def opened() -> list[str]:
        return [case.reference for case in server.cases]

    return World(name, connect(settings, Remembered()), opened, server, settings)


async def _desk_references(settings: Settings) -> list[str]:
    url, query = f"{settings.open311_url}/requests.json", {"api_key": KEY}
    async with ClientSession() as http, http.get(url, params=query) as response:
        rows = await response.json()
    return [row["description"].rpartition("[ref ")[2].removesuffix("]") for row in rows]


async def opens(system: CaseSystem, reference: str) -> type[CaseSystemError] | str:
    """The id, or the kind of error."""
    try:
        return await system.open_case(sample(reference))
    except CaseSystemError as error:
        return type(error)


@pytest.mark.parametrize("world", SYSTEMS, indirect=True)
class TestEverySystem:
    async def test_a_case_is_opened_once_and_found_again(self, world: World) -> None:
        submission = sample("FOUND-AGAIN")
        case_id = await world.system.open_case(submission)
        assert case_id
        assert (await world.references()).count("FOUND-AGAIN") == 1
        found = await world.system.find_case("FOUND-AGAIN", submission.report.submitted_at)
        assert found == (case_id if world.searches else None)

    async def test_a_case_that_was_never_opened_is_not_found(self, world: World) -> None:
        await world.system.open_case(sample("SOMETHING-ELSE"))
        assert await world.system.find_case("NEVER-OPENED", datetime.now(UTC)) is None

    async def test_many_at_once_get_a_case_each(self, world: World) -> None:
        references = [f"AT-ONCE-{number}" for number in range(100)]
        ids = await asyncio.gather(*(world.system.open_case(sample(one)) for one in references))
        assert len(set(ids)) == 100
        assert sorted(set(await world.references()) & set(references)) == sorted(references)

    async def test_a_case_opened_days_after_the_report_is_found(self, world: World) -> None:
        before = datetime.now(UTC) - timedelta(days=200)
        case_id = await world.system.open_case(sample("LATE", submitted_at=before))
        found = await world.system.find_case("LATE", before)
        assert found == (case_id if world.searches else None)

    async def test_the_longest_report_is_taken(self, world: World) -> None:
        links = tuple(f"http://gateway.example/{'m' * 900}{number}" for number in range(9))
        submission = sample("LONGEST", links, description="险" * 9000)
        case_id = await world.system.open_case(submission)
        found = await world.system.find_case("LONGEST", submission.report.submitted_at)
        assert found == (case_id if world.searches else None)

    async def test_closing_twice_and_going_on_is_harmless(self, world: World) -> None:
        await world.system.close()
        assert await world.system.open_case(sample("AFTER-CLOSE"))
        await world.system.close()
        await world.system.close()


class Row(NamedTuple):
    """A fault, what opening comes to, and whether the case is there afterwards."""

    fault: Fault
    outcome: type[CaseSystemError]
    there: bool = False
    says: str = ""


def _refusal(status: int, words: str = "no such service") -> Fault:
    body = b'[{"code": %d, "description": "%s"}]' % (status, words.encode())
    return Fault(status=status, body=body)


TABLE = {
    "no answer": Row(Fault(how="hang"), CaseSystemDown, says="within"),
    "no answer, opened": Row(Fault(how="hang", opens=True), CaseSystemDown, True, "within"),
    "headers, then nothing": Row(Fault(how="hang after headers", body=b"[]"), CaseSystemDown),
    "headers, then nothing, opened": Row(
        Fault(how="hang after headers", opens=True), CaseSystemDown, True, "within"
    ),
    "half a body": Row(Fault(how="half body", body=b"[{}, {}]"), CaseSystemDown),
    "half a body, opened": Row(Fault(how="half body", opens=True), CaseSystemDown, True),
    "reset": Row(Fault(how="reset"), CaseSystemDown),
    "reset, opened": Row(Fault(how="reset", opens=True), CaseSystemDown, True),
    "500": Row(Fault(status=500), CaseSystemDown, says="500"),
    "500, opened": Row(Fault(status=500, opens=True), CaseSystemDown, True, "500"),
    "502 page": Row(Fault(status=502, body=PAGE, kind="text/html"), CaseSystemDown),
    "503": Row(Fault(status=503), CaseSystemDown),
    "408": Row(Fault(status=408), CaseSystemDown),
    "a page": Row(Fault(body=PAGE, kind="text/html"), CaseSystemDown, says="page"),
    "a page called JSON": Row(Fault(body=PAGE), CaseSystemDown, says="page"),
    "moved": Row(
        Fault(status=302, headers={"Location": "/elsewhere"}), CaseSystemDown, says="elsewhere"
    ),
    "429": Row(Fault(status=429), CaseThrottled, says="60 s"),
    "429 with seconds": Row(
        Fault(status=429, headers={"Retry-After": "7"}), CaseThrottled, says="7 s"
    ),
    "429 with a past date": Row(
        Fault(status=429, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        CaseThrottled,
        says="0 s",
    ),
    "429 with a far date": Row(
        Fault(status=429, headers={"Retry-After": "Wed, 21 Oct 2915 07:28:00 GMT"}),
        CaseThrottled,
        says="86400 s",
    ),
    "503 with seconds": Row(
        Fault(status=503, headers={"Retry-After": "12"}), CaseThrottled, says="12 s"
    ),
    "400": Row(_refusal(400), CaseRefused, says="HTTP 400: no such service"),
    "401": Row(_refusal(401), CaseRefused, says="HTTP 401: no such service"),
    "403": Row(_refusal(403), CaseRefused, says="HTTP 403: no such service"),
    "404": Row(_refusal(404), CaseRefused, says="HTTP 404: no such service"),
    "410": Row(Fault(status=410), CaseRefused, says="HTTP 410"),
    "422": Row(_refusal(422), CaseRefused, says="HTTP 422: no such service"),
    "422 with a page": Row(Fault(status=422, body=PAGE), CaseRefused, says="HTTP 422"),
}


@pytest.mark.parametrize("world", FAKES, indirect=True)
@pytest.mark.parametrize("name", TABLE)
async def test_each_fault_has_its_outcome(world: World, name: str) -> None:
    fault, outcome, there, says = TABLE[name]
    impatient = (
        Webhook(world.settings, patience=SHORT)
        if world.name == "webhook"
        else Open311(world.settings, Remembered(), patience=SHORT)
    )
    if isinstance(world.fake, GeoReportServer):
        await impatient.open_case(sample("BEFORE"))  # by now it knows which format to speak
    world.fake.fail(fault)
    with pytest.raises(CaseSystemError) as caught:
        await impatient.open_case(sample("FAULTY"))
    await impatient.close()
    assert type(caught.value) is outcome
    assert says in str(caught.value)
    assert KEY not in str(caught.value) and world.fake.address not in str(caught.value)
    assert ("FAULTY" in await world.references()) is there
    found = await world.system.find_case("FAULTY", datetime.now(UTC))
    assert (found is not None) is (there and world.searches)


@pytest.mark.parametrize("world", FAKES, indirect=True)
async def test_what_failed_succeeds_afterwards(world: World) -> None:
    world.fake.fail(Fault(how="reset"))
    assert await opens(world.system, "AGAIN") is CaseSystemDown
    assert await opens(world.system, "AGAIN") not in (CaseSystemDown, CaseRefused, CaseInDoubt)
    assert (await world.references()).count("AGAIN") == 1


@pytest.mark.parametrize("world", FAKES, indirect=True)
async def test_nobody_there_is_down(world: World) -> None:
    async with GeoReportServer() as gone:
        address = gone.address
    settings = (
        webhook_settings(address) if world.name == "webhook" else open311_settings(address + "/v2")
    )
    system = connect(settings, Remembered())
    with pytest.raises(CaseSystemDown, match="cannot connect"):
        await system.open_case(sample())
    await system.close()
