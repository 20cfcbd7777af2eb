"""POST requests: what is kept, what is refused with which error, and that no case is doubled."""

import asyncio
from io import BytesIO
from pathlib import Path

import pytest
from defusedxml import ElementTree

from desk.cases import Case, get_case
from tests.desk.running import KEY, RunningDesk, validate

FORM_TYPE = "application/x-www-form-urlencoded"
FORM = {
    "api_key": KEY,
    "service_code": "gas",
    "lat": "30.6915",
    "long": "111.2867",
    "address_string": "西陵区解放路 8 号",
    "description": "阀门漏气\r\n气味很大",
    "media_url": "http://127.0.0.1:8080/media/a.jpg",
    "attribute[reference]": "ref-1",
    "attribute[hazard]": "管道泄漏",
    "attribute[major]": "true",
    "attribute[media_urls]": "http://127.0.0.1:8080/media/b.jpg\r\nhttp://127.0.0.1:8080/media/c.mp4",
    "attribute[area]": "西陵区",
}


async def stored(desk: RunningDesk, number: str) -> Case:
    return await desk.database.run(get_case, int(number))


async def refused(desk: RunningDesk, code: int, **changes: str) -> str:
    """Post a form that must be refused; returns the description of the error."""
    async with desk.http.post(f"{desk.api}/requests.json", data={**FORM, **changes}) as response:
        body = await response.json()
    validate("errors", body)
    assert (response.status, body[0]["code"]) == (code, code), body
    assert await desk.numbers() == []
    return str(body[0]["description"])


async def test_everything_is_kept(desk: RunningDesk) -> None:
    case = await stored(desk, await desk.open(**FORM))
    assert case.service_code == "gas"
    assert (case.latitude, case.longitude) == (30.6915, 111.2867)
    assert case.address == "西陵区解放路 8 号"
    assert case.description == "阀门漏气\n气味很大"
    assert case.reference == "ref-1"
    assert (case.hazard, case.area, case.major) == ("管道泄漏", "西陵区", True)
    assert [url.rsplit("/")[-1] for url in case.media] == ["a.jpg", "b.jpg", "c.mp4"]
    assert (case.status, case.version) == ("received", 1)


async def test_nothing_about_the_reporter_is_kept(desk: RunningDesk, tmp_path: Path) -> None:
    person = {
        "email": "who@example.org",
        "first_name": "Zhang-first",
        "last_name": "San-last",
        "phone": "13800001234",
        "device_id": "device-77",
        "account_id": "account-88",
        "attribute[phone]": "13900005678",
    }
    await desk.open(**FORM, **person)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "desk").iterdir())
    assert "阀门漏气".encode() in kept
    assert not [value for value in person.values() if value.encode() in kept]


async def test_answer_in_xml(desk: RunningDesk) -> None:
    async with desk.http.post(f"{desk.api}/requests.xml", data=FORM) as response:
        root = ElementTree.fromstring(await response.read())
    assert root.tag == "service_requests"
    assert root.findtext("request/service_request_id") == "1"
    assert root.find("request/token") is None


async def test_key_and_fields_may_stand_in_the_address(desk: RunningDesk) -> None:
    form = {name: value for name, value in FORM.items() if name != "api_key"}
    address = f"{desk.api}/requests.json?api_key={KEY}"
    async with desk.http.post(address, data=form) as response:
        assert response.status == 200


async def test_the_same_reference_opens_one_case(desk: RunningDesk) -> None:
    other = await desk.open(**{"attribute[reference]": "ref-2"})
    numbers = await asyncio.gather(*(desk.open(**FORM) for _ in range(8)))
    assert len({*numbers, other}) == 2
    assert len(await desk.numbers()) == 2


async def test_without_a_reference_every_post_opens_a_case(desk: RunningDesk) -> None:
    assert await desk.open() != await desk.open()


async def test_missing_and_wrong_key(desk: RunningDesk) -> None:
    assert "not provided" in await refused(desk, 403, api_key="")
    assert "not valid" in await refused(desk, 403, api_key="another")
    assert "not valid" in await refused(desk, 403, api_key="错误")


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (400, {"service_code": ""}),
        (404, {"service_code": "potholes"}),
        (400, {"lat": "", "long": "", "address_string": " "}),
        (400, {"lat": "30.7", "long": ""}),
        (400, {"lat": "nan"}),
        (400, {"lat": "90.000001"}),
        (400, {"lat": "-90.000001"}),
        (400, {"long": "180.000001"}),
        (400, {"long": "east"}),
        (400, {"attribute[major]": "yes"}),
        (400, {"media_url": "javascript:alert(1)"}),
        (400, {"media_url": "http://[::1/a.jpg"}),
        (400, {"attribute[media_urls]": "/media/a.jpg"}),
    ],
)
async def test_refused(desk: RunningDesk, code: int, changes: dict[str, str]) -> None:
    await refused(desk, code, **changes)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("description", 4000),
        ("address_string", 500),
        ("address_id", 100),
        ("attribute[reference]", 128),
        ("attribute[hazard]", 200),
        ("attribute[area]", 200),
    ],
)
async def test_lengths_on_both_sides(desk: RunningDesk, name: str, limit: int) -> None:
    assert f"{limit} characters" in await refused(desk, 400, **{name: "长" * (limit + 1)})
    await desk.open(**{**FORM, name: "长" * limit})


async def test_media_limits_on_both_sides(desk: RunningDesk) -> None:
    twenty = "\n".join(f"http://127.0.0.1:8080/{number}.jpg" for number in range(20))
    name = "attribute[media_urls]"
    assert "20 addresses" in await refused(desk, 400, **{name: twenty})  # with media_url, 21
    number = await desk.open(**{**FORM, name: twenty, "media_url": ""})
    assert len((await stored(desk, number)).media) == 20


async def test_media_address_length_on_both_sides(desk: RunningDesk) -> None:
    longest = "http://127.0.0.1:8080/".ljust(2000, "x")
    assert "2000 characters" in await refused(desk, 400, media_url=longest + "x")
    await desk.open(**{**FORM, "media_url": longest})


@pytest.mark.parametrize("corner", [("90", "180"), ("-90", "-180"), ("0", "0")])
async def test_coordinates_at_the_ends(desk: RunningDesk, corner: tuple[str, str]) -> None:
    number = await desk.open(lat=corner[0], long=corner[1], address_string="")
    case = await stored(desk, number)
    assert (case.latitude, case.longitude) == (float(corner[0]), float(corner[1]))


async def test_address_id_alone_is_a_location(desk: RunningDesk) -> None:
    await desk.open(address_string="", address_id="420502")


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("application/json", b"{}", 400),
        (f"{FORM_TYPE}; charset=klingon", b"service_code=gas", 400),
        (FORM_TYPE, b"description=" + b"x" * 1024 * 1024, 413),
    ],
)
async def test_a_body_that_is_no_form(desk: RunningDesk, kind: str, body: bytes, code: int) -> None:
    address = f"{desk.api}/requests.xml?api_key={KEY}"
    headers = {"Content-Type": kind}
    async with desk.http.post(address, data=BytesIO(body), headers=headers) as response:
        root = ElementTree.fromstring(await response.read())
    assert (response.status, root.findtext("error/code")) == (code, str(code))


async def test_jurisdiction(tmp_path: Path) -> None:
    async with RunningDesk.at(tmp_path, OPEN311_JURISDICTION_ID="yichang.cn") as desk:
        await desk.open(jurisdiction_id="yichang.cn")
        for given, code in (("", 400), ("wuhan.cn", 404)):
            form = {**FORM, "jurisdiction_id": given}
            async with desk.http.post(f"{desk.api}/requests.json", data=form) as response:
                assert response.status == code
            validate("errors", await desk.get("services.json", code, jurisdiction_id=given))
        await desk.get("services.json", jurisdiction_id="yichang.cn")
