"""The manners of servers in the field, and what the client makes of them."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

import pytest

from bot.core.errors import CaseRefused, CaseSystemDown, CaseSystemError
from tests.fakes.cases import (
    KEY,
    LINKS,
    Fault,
    GeoReportServer,
    Manners,
    Remembered,
    open311_settings,
    sample,
)
from workers.cases import definitions, wire
from workers.cases.open311 import Open311
from workers.cases.wire import Patience

REFERENCE = sample().report.reference
NOW = sample().report.submitted_at
Connect = Callable[..., Open311]
QUICK = Patience(token_waits=(0.01, 0.02, 0.03))


@pytest.fixture
async def server() -> AsyncIterator[GeoReportServer]:
    async with GeoReportServer() as server:
        yield server


@pytest.fixture
async def system(server: GeoReportServer) -> AsyncIterator[Open311]:
    system = Open311(open311_settings(server.url), Remembered(), patience=QUICK)
    yield system
    await system.close()


async def test_one_link_needs_no_definition(server: GeoReportServer, system: Open311) -> None:
    await system.open_case(sample(links=LINKS[:1]))
    assert [call.method for call in server.received] == ["POST"]


async def test_a_definition_is_asked_for_once_by_many(
    server: GeoReportServer, system: Open311
) -> None:
    await asyncio.gather(*(system.open_case(sample(f"R-{number}")) for number in range(30)))
    assert [call.path for call in server.calls("GET")] == ["/open311/v2/services/fire.json"]


async def test_a_definition_is_asked_for_again_after_an_hour(
    server: GeoReportServer, system: Open311, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "KEPT_SECONDS", 0.0)
    await system.open_case(sample())
    await system.open_case(sample())
    assert len(server.calls("GET")) == 2


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault(status=404),
        Fault(status=500),
        Fault(body=b"<html>"),
        Fault(how="reset"),
        Fault(how="hang"),
    ],
)
async def test_where_no_field_is_declared_the_links_stand_in_the_description(
    server: GeoReportServer,
    system: Open311,
    fault: Fault | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(definitions, "WAIT_SECONDS", 0.2)
    server.manners.declares = ("reference",)
    if fault is not None:
        server.fail(fault, 2, "GET")
    await system.open_case(sample())
    assert LINKS[1] in server.forms[0]["description"]


@pytest.mark.parametrize("formats", [("json", "xml"), ("xml",)])
async def test_a_declared_field_keeps_links_out_of_the_description(
    server: GeoReportServer, system: Open311, formats: tuple[str, ...]
) -> None:
    server.manners.formats = formats  # type: ignore[assignment]
    await system.open_case(sample())
    assert LINKS[1] not in server.forms[0]["description"]
    assert LINKS[1] in server.forms[0]["attribute[media_urls]"]


@pytest.mark.parametrize("status", [404, 406, 415])
async def test_a_server_of_xml_alone_is_noticed_and_remembered(
    server: GeoReportServer, system: Open311, status: int
) -> None:
    server.manners = Manners(formats=("xml",), refuses_format=status)
    assert await system.open_case(sample("ONE", links=())) == "1"
    assert await system.open_case(sample("TWO", links=())) == "2"
    assert await system.find_case("TWO", NOW) == "2"
    assert [call.path.rpartition("/")[2] for call in server.received] == [
        "requests.json",
        "requests.xml",
        "requests.xml",
        "requests.xml",
    ]


async def test_looking_up_notices_a_server_of_xml_alone_too(
    server: GeoReportServer, system: Open311
) -> None:
    server.manners.formats = ("xml",)
    assert await system.find_case(REFERENCE, NOW) is None
    await system.open_case(sample(links=()))
    assert [call.path.rpartition(".")[2] for call in server.received] == ["json", "xml", "xml"]


async def test_a_refusal_in_json_is_no_reason_to_try_xml(
    server: GeoReportServer, system: Open311
) -> None:
    server.fail(Fault(status=404, body=b'[{"code": 404, "description": "service_code unknown"}]'))
    with pytest.raises(CaseRefused, match="service_code unknown"):
        await system.open_case(sample(links=()))
    assert len(server.received) == 1


async def test_a_refusal_of_json_in_xml_is_a_reason_to_try_xml(
    server: GeoReportServer, system: Open311
) -> None:
    refusal = b"<errors><error><code>404</code><description>No JSON</description></error></errors>"
    server.fail(Fault(status=404, body=refusal, kind="text/xml"))
    assert await system.open_case(sample(links=())) == "1"
    assert server.received[-1].path.endswith(".xml")


async def test_a_wrong_address_is_refused_in_both_formats(
    server: GeoReportServer, system: Open311
) -> None:
    server.manners.formats = ()
    with pytest.raises(CaseRefused, match="HTTP 404"):
        await system.open_case(sample(links=()))
    server.manners.formats = ("json", "xml")
    await system.open_case(sample(links=()))
    assert server.received[-1].path.endswith(".json")


@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "application/xml"])
@pytest.mark.parametrize("formats", [("json",), ("xml",)])
async def test_the_content_type_is_not_trusted(
    server: GeoReportServer, system: Open311, content_type: str, formats: tuple[str, ...]
) -> None:
    server.manners = Manners(formats=formats, content_type=content_type)  # type: ignore[arg-type]
    assert await system.open_case(sample()) == "1"


async def test_one_object_in_place_of_a_list_will_do(
    server: GeoReportServer, system: Open311
) -> None:
    server.manners.single_object = True
    assert await system.open_case(sample()) == "1"
    assert await system.find_case(REFERENCE, NOW) == "1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"[1]",
        b'"1"',
        b'[{"service_request_id": null}]',
        b'[{"service_request_id": ""}]',
        b'[{"service_request_id": {"id": 1}}]',
        b'[{"service_request_id": true}]',
        b'[{"service_request_id": "1"',
        b"<service_requests/>",
        b"<service_requests><request><service_request_id/></request></service_requests>",
        b"<service_requests><request><service_request_id>1</service_request_id></request>",
        b'<!DOCTYPE x [<!ENTITY e "1">]><service_requests><request>'
        b"<service_request_id>&e;</service_request_id></request></service_requests>",
        b"<html><service_request_id>1</service_request_id></html>",
        b"OK",
        b"\xff\xfe\x00",
    ],
)
async def test_an_answer_without_an_id_opens_nothing_for_certain(
    server: GeoReportServer, system: Open311, body: bytes
) -> None:
    server.fail(Fault(body=body))
    with pytest.raises(CaseSystemDown):
        await system.open_case(sample(links=()))


@pytest.mark.parametrize(
    "body",
    [
        b'[{"service_request_id": 293944}]',
        b'\xef\xbb\xbf [{"service_request_id": " 293944 "}]',
        b'{"service_requests": [{"service_request_id": "293944"}]}',
        b'<?xml version="1.0"?><service_requests><request><service_request_id> 293944'
        b"</service_request_id></request></service_requests>",
        b'<service_requests xmlns="urn:x"><request><!-- new --><service_request_id>293944'
        b"</service_request_id></request></service_requests>",
    ],
)
async def test_an_id_is_read_in_every_shape(
    server: GeoReportServer, system: Open311, body: bytes
) -> None:
    server.fail(Fault(status=201, body=body))
    assert await system.open_case(sample(links=())) == "293944"


@pytest.mark.parametrize("formats", [("json", "xml"), ("xml",)])
async def test_a_token_is_exchanged_for_an_id(
    server: GeoReportServer, system: Open311, formats: tuple[str, ...]
) -> None:
    server.manners = Manners(token_polls=1, formats=formats)  # type: ignore[arg-type]
    assert await system.open_case(sample(links=())) == "1"
    assert "/tokens/t%2F1." in server.received[-1].path


async def test_a_token_that_takes_long_decides_later(
    server: GeoReportServer, system: Open311
) -> None:
    server.manners = Manners(token_polls=20, lists=False)
    with pytest.raises(CaseSystemDown, match="token"):
        await system.open_case(sample(links=()))
    with pytest.raises(CaseSystemDown, match="token"):
        await system.find_case(REFERENCE, NOW)
    server.answer_tokens()
    assert await system.find_case(REFERENCE, NOW) == "1"
    assert len(server.cases) == 1


async def test_a_listed_case_needs_no_token(server: GeoReportServer, system: Open311) -> None:
    server.manners.token_polls = 20
    with pytest.raises(CaseSystemDown):
        await system.open_case(sample(links=()))
    assert await system.find_case(REFERENCE, NOW) == "1"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=409),
        Fault(status=400, body=b'[{"code": 400, "description": "Duplicate request."}]'),
        Fault(status=400, body='[{"code": 400, "description": "该工单已存在"}]'.encode()),
        Fault(
            status=400,
            body=b"<errors><error><description>It exists already</description></error></errors>",
        ),
    ],
)
async def test_a_duplicate_is_the_case_there_is(
    server: GeoReportServer, system: Open311, fault: Fault
) -> None:
    case_id = await system.open_case(sample())
    server.fail(fault)
    assert await system.open_case(sample()) == case_id
    assert len(server.cases) == 1


@pytest.mark.parametrize("status", [400, 409])
async def test_a_duplicate_that_is_not_there_is_refused(
    server: GeoReportServer, system: Open311, status: int
) -> None:
    server.fail(Fault(status=status, body=b'[{"description": "Duplicate of another"}]'))
    with pytest.raises(CaseRefused, match="Duplicate of another"):
        await system.open_case(sample())


async def test_a_plain_400_is_not_looked_up(server: GeoReportServer, system: Open311) -> None:
    server.fail(Fault(status=400, body=b'[{"description": "lat is missing"}]'))
    with pytest.raises(CaseRefused, match="lat is missing"):
        await system.open_case(sample(links=()))
    assert not server.calls("GET")


@pytest.mark.parametrize("written", [KEY, quote(KEY), f"http://cases.example/?api_key={KEY}"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
async def test_no_error_has_the_key_in_it(
    server: GeoReportServer, system: Open311, written: str, status: int
) -> None:
    body = b'[{"description": "the key %s is wrong"}]' % written.encode()
    server.fail(Fault(status=status, body=body))
    with pytest.raises(CaseSystemError) as caught:
        await system.open_case(sample(links=()))
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown and quote(KEY) not in shown
    assert server.address not in shown


@pytest.mark.parametrize("how", ["reset", "half body", "hang"])
async def test_no_broken_connection_shows_key_or_words(server: GeoReportServer, how: str) -> None:
    system = Open311(open311_settings(server.url), Remembered(), patience=Patience(total=0.3))
    for method in ("POST", "GET"):  # twice, as the library may repeat a GET by itself
        server.fail(Fault(how=how, body=b"[{}]"), 2, method)  # type: ignore[arg-type]
    with pytest.raises(CaseSystemDown) as opening:
        await system.open_case(sample(links=()))
    with pytest.raises(CaseSystemDown) as finding:
        await system.find_case(REFERENCE, NOW)
    await system.close()
    for caught in (opening, finding):
        shown = "".join(traceback.format_exception(caught.value))
        assert KEY not in shown and quote(KEY) not in shown and quote(KEY, safe="") not in shown
        assert REFERENCE not in shown and "楼道" not in shown and server.address not in shown


@pytest.mark.parametrize(("length", "taken"), [(10_000, True), (10_001, False)])
async def test_an_answer_has_a_longest_length(
    server: GeoReportServer,
    system: Open311,
    length: int,
    taken: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire, "ANSWER_MOST", 10_000)
    server.fail(Fault(body=b'[{"service_request_id": "7"}]'.ljust(length)))
    if taken:
        assert await system.open_case(sample(links=())) == "7"
    else:
        with pytest.raises(CaseSystemDown, match="longer than 10000 bytes"):
            await system.open_case(sample(links=()))


async def test_an_endless_answer_is_left(
    server: GeoReportServer, system: Open311, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "ANSWER_MOST", 10_000)
    server.fail(Fault(how="endless body"))
    with pytest.raises(CaseSystemDown, match="longer than 10000 bytes"):
        await system.open_case(sample(links=()))


async def test_several_exchanges_have_one_time_together(server: GeoReportServer) -> None:
    server.manners.token_polls = 1000
    patience = Patience(total=0.3, token_waits=(0.02,) * 200)
    system = Open311(open311_settings(server.url), Remembered(), patience=patience)
    with pytest.raises(CaseSystemDown, match=r"within 0\.3 s"):
        await system.open_case(sample(links=()))
    await system.close()


async def test_connections_are_kept_for_the_next_case(
    server: GeoReportServer, system: Open311
) -> None:
    for number in range(5):
        await system.open_case(sample(f"R-{number}", links=()))
    assert len({call.client for call in server.received}) == 1


async def test_connections_are_limited(server: GeoReportServer) -> None:
    system = Open311(open311_settings(server.url), Remembered(), limit=3)
    await asyncio.gather(*(system.open_case(sample(f"R-{one}", links=())) for one in range(30)))
    await system.close()
    assert len({call.client for call in server.received}) == 3
