"""GET services and definitions, in both formats and languages."""

import tomllib
from pathlib import Path

from defusedxml import ElementTree

import desk.services
from tests.desk.running import RunningDesk, validate

CODES = [
    *("fire", "construction", "chemicals", "gas", "electricity", "special-equipment", "roads"),
    *("crowded-places", "mines", "workplace-health", "other"),
]
ATTRIBUTES = {
    "reference": "string",
    "hazard": "string",
    "major": "singlevaluelist",
    "media_urls": "text",
    "area": "string",
}


async def test_services_in_json(desk: RunningDesk) -> None:
    services = await desk.get_public("services.json")
    validate("services", services)
    assert [service["service_code"] for service in services] == CODES
    assert all(service["metadata"] is True for service in services)
    assert services[0]["service_name"] == "消防安全"


async def test_services_in_english(desk: RunningDesk) -> None:
    languages = {"Accept-Language": "fr-FR, en-GB;q=0.8, zh;q=0.5"}
    async with desk.http.get(f"{desk.api}/services.json", headers=languages) as response:
        services = await response.json()
    assert services[0]["service_name"] == "Fire safety and blocked exits"
    assert services[3]["group"] == "Utilities and equipment"


async def test_services_in_xml(desk: RunningDesk) -> None:
    async with desk.http.get(f"{desk.api}/services.xml") as response:
        assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
        body = await response.read()
    assert body.startswith(b"<?xml")
    root = ElementTree.fromstring(body)
    assert root.tag == "services"
    assert [service.findtext("service_code") for service in root.iter("service")] == CODES
    assert root.findtext("service/metadata") == "true"


async def test_definition_in_json(desk: RunningDesk) -> None:
    for code in CODES:
        definition = await desk.get_public(f"services/{code}.json")
        validate("definition", definition)
        assert definition["service_code"] == code
    attributes = {row["code"]: row["datatype"] for row in definition["attributes"]}
    assert attributes == ATTRIBUTES
    assert all(row["variable"] and not row["required"] for row in definition["attributes"])
    major = next(row for row in definition["attributes"] if row["code"] == "major")
    assert [value["key"] for value in major["values"]] == ["true", "false"]


async def test_definition_in_xml(desk: RunningDesk) -> None:
    async with desk.http.get(f"{desk.api}/services/special-equipment.xml") as response:
        root = ElementTree.fromstring(await response.read())
    assert root.tag == "service_definition"
    assert root.findtext("service_code") == "special-equipment"
    codes = [row.findtext("code") for row in root.iterfind("attributes/attribute")]
    assert codes == list(ATTRIBUTES)
    assert root.findtext("attributes/attribute[code='major']/values/value/key") == "true"


async def test_unknown_service(desk: RunningDesk) -> None:
    validate("errors", await desk.get("services/nothing.json", 404))


def test_every_service_has_both_names() -> None:
    path = Path(desk.services.__file__).with_name("services.toml")
    for row in tomllib.loads(path.read_text(encoding="utf-8"))["services"]:
        assert set(row["name"]) == set(row["group"]) == {"zh", "en"}, row["code"]
        assert row["keywords"]
