"""What goes out: the standard's fields, within their limits, and nothing about a person."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.report import Place
from tests.fakes.cases import LINKS, GeoReportServer, Remembered, open311_settings, sample
from workers.cases.form import DESCRIPTION_MOST, LINKS_MOST, describe, encode, fields
from workers.cases.open311 import Open311

ALLOWED = {
    "api_key",
    "jurisdiction_id",
    "service_code",
    "lat",
    "long",
    "address_string",
    "description",
    "media_url",
    "attribute[reference]",
    "attribute[hazard]",
    "attribute[major]",
    "attribute[media_urls]",
}
LAST = "[ref 0123456789ABCDEFGHJKMNPQRS]"


async def test_a_request_has_the_standards_fields_and_no_other() -> None:
    async with GeoReportServer() as server:
        system = Open311(
            open311_settings(server.url, open311_jurisdiction_id="yichang.gov.cn"), Remembered()
        )
        await system.open_case(sample())
        await system.close()
    form = server.forms[0]
    assert set(form) == ALLOWED
    assert form["jurisdiction_id"] == "yichang.gov.cn"
    assert form["service_code"] == "fire"
    assert (form["lat"], form["long"]) == ("30.691235", "111.286000")
    assert form["address_string"] == "西陵区东山大道 1 号 & 后门"
    assert form["description"] == f"{sample().report.description}\n{LAST}"
    assert form["attribute[hazard]"] == "消防安全：通道被堵"
    assert form["attribute[major]"] == "true"
    assert form["media_url"] == LINKS[0]
    assert form["attribute[media_urls]"] == f"{LINKS[1]}\n{LINKS[2]}"


async def test_no_header_tells_more_than_the_programmes_name() -> None:
    async with GeoReportServer() as server:
        system = Open311(open311_settings(server.url), Remembered())
        await system.open_case(sample())
        await system.close()
    headers = server.calls("POST")[0].headers
    assert headers["User-Agent"] == "Suishoupai"
    assert {name.lower() for name in headers} == {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "content-type",
        "content-length",
    }


def test_what_is_not_known_is_not_sent() -> None:
    words_alone = sample(links=(), place=Place(words="东门"), danger=False)
    form = dict(fields(words_alone, links_declared=True))
    assert set(form) == {
        "service_code",
        "address_string",
        "description",
        "attribute[reference]",
        "attribute[hazard]",
        "attribute[major]",
    }
    assert form["attribute[major]"] == "false"
    position_alone = dict(
        fields(sample(links=LINKS[:1], place=Place(0.0, -0.5)), links_declared=False)
    )
    assert (position_alone["lat"], position_alone["long"]) == ("0.000000", "-0.500000")
    assert "address_string" not in position_alone
    assert "attribute[media_urls]" not in position_alone


def test_without_words_the_hazard_speaks() -> None:
    assert describe(sample(description=" \n")) == f"消防安全：通道被堵\n{LAST}"


def test_links_without_a_field_stand_in_the_description() -> None:
    form = dict(fields(sample(description="堵了"), links_declared=False))
    assert form["description"] == f"堵了\n{LINKS[1]}\n{LINKS[2]}\n{LAST}"
    assert form["attribute[media_urls]"] == f"{LINKS[1]}\n{LINKS[2]}"


def test_the_words_give_way_at_the_limit() -> None:
    room = DESCRIPTION_MOST - len(LAST) - 1
    fits = describe(sample(description="险" * room))
    assert fits == "险" * room + f"\n{LAST}" and len(fits) == DESCRIPTION_MOST
    over = describe(sample(description="险" * (room + 1)))
    assert over == "险" * (room - 1) + f"…\n{LAST}" and len(over) == DESCRIPTION_MOST


def test_the_words_give_way_to_links_too() -> None:
    text = describe(sample(description="险" * 9000), LINKS)
    assert len(text) == DESCRIPTION_MOST
    assert text.endswith("\n".join(("险…", *LINKS, LAST)))


@pytest.mark.parametrize(("length", "kept"), [(LINKS_MOST - 1, 1), (LINKS_MOST, 0)])
def test_links_take_half_of_the_description_at_most(length: int, kept: int) -> None:
    link = "http://" + "x" * (length - len("http://"))
    assert describe(sample(), (link,)).count(link) == kept
    assert describe(sample(), (link,)).endswith(LAST)


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1))))
def test_a_form_arrives_as_it_was_sent(pairs: list[tuple[str, str]]) -> None:
    read = parse_qsl(encode(pairs).decode("ascii"), keep_blank_values=True)
    assert read == pairs


def test_half_a_character_does_not_stop_a_report() -> None:
    assert b"description" in encode(fields(sample(description="a\ud83db"), links_declared=True))


def test_two_reports_of_one_person_have_nothing_in_common() -> None:
    first, second = sample("A", links=()), sample("B", links=(), description="别的")
    second = replace(second, hazard="燃气", service_code="gas")
    same = set(fields(first, links_declared=True)) & set(fields(second, links_declared=True))
    assert {name for name, _ in same} <= {"lat", "long", "address_string", "attribute[major]"}
