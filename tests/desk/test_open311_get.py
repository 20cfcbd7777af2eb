"""GET requests: the standard's filters, what is public, both formats, tokens, and errors."""

import sqlite3
from datetime import timedelta

import pytest
from defusedxml import ElementTree

from tests.desk.running import KEY, START, RunningDesk, validate

DAY = 24 * 60 * 60


def moment(days: int) -> str:
    when = START + timedelta(days=days)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_case_with_the_key(desk: RunningDesk) -> None:
    number = await desk.open(
        lat="30.5", long="111.25", description="通道堵塞", media_url="http://h.example/a.jpg"
    )
    rows = await desk.get(f"requests/{number}.json")
    validate("requests", rows)
    (row,) = rows
    assert (row["service_request_id"], row["status"]) == (number, "open")
    assert (row["service_code"], row["service_name"]) == ("fire", "消防安全")
    assert (row["description"], row["address"]) == ("通道堵塞", "解放路 8 号")
    assert (row["lat"], row["long"]) == (30.5, 111.25)
    assert row["media_url"] == "http://h.example/a.jpg"
    assert row["requested_datetime"] == row["updated_datetime"] == "2026-11-23T12:00:00+08:00"
    assert row["expected_datetime"] == "2026-11-30T23:59:59+08:00"


async def test_without_the_key_what_was_reported_stays_inside(desk: RunningDesk) -> None:
    number = await desk.open(
        lat="30.5", long="111.25", description="通道堵塞", media_url="http://h.example/a.jpg"
    )
    for path in (f"requests/{number}.json", "requests.json"):
        rows = await desk.get_public(path)
        validate("requests", rows)
        told = {name for name, value in rows[0].items() if value is not None}
        assert told == {
            *("service_request_id", "status", "service_name", "service_code"),
            *("requested_datetime", "updated_datetime", "expected_datetime"),
        }
    validate("errors", await desk.get_public("requests.json", 403, api_key="wrong"))


async def test_a_case_in_xml(desk: RunningDesk) -> None:
    number = await desk.open(description="a<b>&\x0b\x00c")
    for path in (f"requests/{number}.xml", "requests.xml"):
        async with desk.http.get(f"{desk.api}/{path}", params={"api_key": KEY}) as response:
            assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
            root = ElementTree.fromstring(await response.read())
        assert root.tag == "service_requests"
        assert root.findtext("request/service_request_id") == number
        assert root.findtext("request/description") == "a<b>&c"
        assert root.findtext("request/lat") == ""


async def test_unknown_case(desk: RunningDesk) -> None:
    await desk.open()
    for number in ("2", "01", "one", "9" * 30, "-1"):
        validate("errors", await desk.get(f"requests/{number}.json", 404))


async def test_newest_first(desk: RunningDesk) -> None:
    opened = [await desk.open() for _ in range(3)]
    assert await desk.numbers() == opened[::-1]


async def test_by_numbers(desk: RunningDesk) -> None:
    opened = [await desk.open() for _ in range(4)]
    asked = f"{opened[0]}, {opened[2]},999,nobody"
    assert await desk.numbers(service_request_id=asked) == [opened[2], opened[0]]
    # Numbers override every other filter.
    assert await desk.numbers(service_request_id=opened[1], status="closed") == [opened[1]]


async def test_by_service(desk: RunningDesk) -> None:
    fire, gas, _ = [await desk.open(service_code=code) for code in ("fire", "gas", "roads")]
    assert await desk.numbers(service_code="gas") == [gas]
    assert await desk.numbers(service_code="gas,fire") == [gas, fire]
    validate("errors", await desk.get("requests.json", 404, service_code="potholes"))


async def test_by_status(desk: RunningDesk) -> None:
    kept, ended = await desk.open(), await desk.open()
    await desk.log_in()
    await desk.move(ended, 1, "rejected", "不属于安全隐患")
    assert await desk.numbers(status="open") == [kept]
    assert await desk.numbers(status="closed") == [ended]
    assert await desk.numbers(status="open,closed") == [ended, kept]
    (row,) = await desk.get(f"requests/{ended}.json")
    assert (row["status"], row["status_notes"]) == ("closed", "不属于安全隐患")
    validate("errors", await desk.get("requests.json", 400, status="rejected"))


async def test_by_reference_however_old(desk: RunningDesk) -> None:
    desk.offset = -400 * DAY
    number = await desk.open(**{"attribute[reference]": "ref-1"})
    desk.offset = 0
    await desk.open(**{"attribute[reference]": "ref-2"})
    assert await desk.numbers(reference="ref-1") == [number]
    assert await desk.numbers(reference="ref-3") == []


async def test_by_date(desk: RunningDesk) -> None:
    opened = {}
    for days in (-100, -89, -10, 0):
        desk.offset = days * DAY
        opened[days] = await desk.open()
    desk.offset = 0
    assert await desk.numbers() == [opened[0], opened[-10], opened[-89]]
    assert await desk.numbers(start_date=moment(-11)) == [opened[0], opened[-10]]
    assert await desk.numbers(end_date=moment(-11)) == [opened[-89], opened[-100]]
    between = {"start_date": moment(-90), "end_date": moment(-5)}
    assert await desk.numbers(**between) == [opened[-10], opened[-89]]
    # A start alone reaches 90 days on, not to the present.
    assert await desk.numbers(start_date=moment(-101)) == [opened[-89], opened[-100]]


async def test_span_on_both_sides(desk: RunningDesk) -> None:
    start = "2026-01-01T00:00:00Z"
    await desk.get("requests.json", start_date=start, end_date="2026-04-01T00:00:00Z")
    body = await desk.get("requests.json", 400, start_date=start, end_date="2026-04-01T00:00:01Z")
    validate("errors", body)
    assert "90 days" in body[0]["description"]


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "0001-01-01", "9999-12-31T23:59:59Z"])
async def test_dates_that_are_none(desk: RunningDesk, value: str) -> None:
    validate("errors", await desk.get("requests.json", 400, start_date=value))


async def test_start_after_end(desk: RunningDesk) -> None:
    wrong = {"start_date": moment(-1), "end_date": moment(-2)}
    validate("errors", await desk.get("requests.json", 400, **wrong))


async def test_dates_in_other_clothes(desk: RunningDesk) -> None:
    number = await desk.open()
    local = "2026-11-23T12:00:00"
    for start in (local, f"{local}+08:00", f"{local} 08:00", local[:10]):
        assert await desk.numbers(start_date=start) == [number], start


async def test_at_most_a_thousand(desk: RunningDesk) -> None:
    def fill(connection: sqlite3.Connection) -> None:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
            " INSERT INTO cases SELECT NULL, NULL, service_code, hazard, area, description,"
            " address, address_id, latitude, longitude, major, media, status, version,"
            " requested_at, updated_at, clock_from, due_at FROM cases, n"
        )
        connection.execute(
            "INSERT INTO history SELECT id, 1, status, '', '', requested_at FROM cases WHERE id > 1"
        )

    await desk.open()
    await desk.database.run(fill)
    numbers = await desk.numbers()
    assert (len(numbers), numbers[0], numbers[-1]) == (1000, "1001", "2")
    many = [str(number) for number in range(1, 1002)]
    assert len(await desk.numbers(service_request_id=",".join(many[:1000]))) == 1000
    body = await desk.get("requests.json", 400, service_request_id=",".join(many))
    assert "1000" in body[0]["description"]


async def test_token_is_the_reference(desk: RunningDesk) -> None:
    number = await desk.open(**{"attribute[reference]": "ref-1"})
    rows = await desk.get_public("tokens/ref-1.json")
    validate("tokens", rows)
    assert rows == [{"service_request_id": number, "token": "ref-1"}]
    async with desk.http.get(f"{desk.api}/tokens/ref-1.xml") as response:
        root = ElementTree.fromstring(await response.read())
    assert root.findtext("request/service_request_id") == number
    validate("errors", await desk.get("tokens/ref-2.json", 404))


async def test_errors_in_the_format_of_the_address(desk: RunningDesk) -> None:
    async with desk.http.get(f"{desk.api}/nothing.xml") as response:
        root = ElementTree.fromstring(await response.read())
    assert (response.status, root.tag, root.findtext("error/code")) == (404, "errors", "404")
    async with desk.http.delete(f"{desk.api}/requests.json") as response:
        assert response.status == 405
        validate("errors", await response.json())


async def test_a_failing_database_is_a_500_with_a_body(desk: RunningDesk) -> None:
    await desk.database.run(lambda connection: connection.execute("DROP TABLE history"))
    validate("errors", await desk.get("requests.json", 500))
