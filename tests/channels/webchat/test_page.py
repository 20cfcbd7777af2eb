"""What the page is made of: small, ours alone, locked down, in every language."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import orjson
import pytest
from redis.asyncio import Redis

from bot.channels.webchat.page import STATIC
from bot.channels.webchat.words import PAGE_WORDS
from config.settings import SettingRefused
from tests.channels.webchat.world import World

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "frame-ancestors": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}


def policy(header: str) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in header.split(";"))
    return {name: value.strip() for name, _, value in parts}


async def test_the_page_is_locked_down(world: World) -> None:
    async with world.http.get(world.url) as page:
        headers = page.headers
    assert policy(headers["Content-Security-Policy"]) == POLICY
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Permissions-Policy"] == "geolocation=(self), camera=(self)"
    assert "Set-Cookie" not in headers


async def test_portals_and_sockets_are_named(client: Redis, tmp_path: Path) -> None:
    portals = "https://portal.example.org, http://10.0.0.1:8000"
    public = "https://chat.example.org"
    world = World(client, tmp_path, webchat_frame_origins=portals, public_url=public)
    async with world, world.http.get(world.url) as page:
        found = policy(page.headers["Content-Security-Policy"])
    ancestors = "'self' https://portal.example.org http://10.0.0.1:8000"
    assert found["frame-ancestors"] == ancestors
    assert found["connect-src"] == "'self' wss://chat.example.org"


@pytest.mark.parametrize(
    "portals", ["*", "portal.example.org", "https://a.example; script-src *", "https://a/b"]
)
async def test_a_portal_is_an_origin(client: Redis, tmp_path: Path, portals: str) -> None:
    with pytest.raises(SettingRefused, match="WEBCHAT_FRAME_ORIGINS"):
        await World(client, tmp_path, webchat_frame_origins=portals).start()


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [("en-GB,en;q=0.8", "en"), ("zh-CN", "zh"), ("fr, en", "en"), ("fr", "zh")],
)
async def test_the_page_comes_in_the_browsers_language(
    world: World, wanted: str, spoken: str
) -> None:
    async with world.http.get(world.url, headers={"Accept-Language": wanted}) as page:
        text = await page.text()
    assert f'<html lang="{spoken}">' in text


async def test_everything_together_is_small_and_lasts(world: World) -> None:
    plain = {"Accept-Encoding": "identity"}
    async with world.http.get(world.url, headers=plain) as page:
        text = await page.text()
    total = len(gzip.compress(text.encode(), 9))
    addresses = set(re.findall(r'(?:href|src)="([^"#]+)"', text))
    assert len(addresses) == len(list(STATIC.iterdir())) - 1
    for address in addresses:
        async with world.http.get(f"{world.url}/{address}", auto_decompress=False) as file:
            body = await file.read()
            assert file.headers["Content-Encoding"] == "gzip"
            assert "immutable" in file.headers["Cache-Control"]
        async with world.http.get(f"{world.url}/{address}", headers=plain) as file:
            assert await file.read() == gzip.decompress(body)
            assert "Content-Encoding" not in file.headers
        total += len(body)
    assert total < 40_000


async def test_a_page_of_another_version_still_gets_its_files(world: World) -> None:
    async with world.http.get(f"{world.url}/chat/0123456789ab/main.js") as file:
        assert file.status == 200
        assert file.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["page.html", "nothing.js", "..%2Fpage.py"])
async def test_nothing_else_is_served(world: World, name: str) -> None:
    async with world.http.get(f"{world.url}/chat/0123456789ab/{name}") as file:
        assert file.status == 404


async def test_every_language_comes_with_the_page(world: World) -> None:
    async with world.http.get(world.url) as page:
        text = await page.text()
    found = re.search(r'id="given">(.*?)</script>', text)
    assert found
    given = orjson.loads(found[1])
    assert given["locales"] == ["zh", "en"]
    assert given["limits"] == {"bytes": 20 * 1024 * 1024, "files": 9, "receipts": 50}
    for locale in given["locales"]:
        for name, blanks in PAGE_WORDS.items():
            words = given["words"][locale][name]
            assert words != name
            assert set(re.findall(r"{(\w+)}", words)) == set(blanks)


def test_the_page_uses_every_sentence_it_brings_and_no_other() -> None:
    sources = "".join(path.read_text() for path in STATIC.iterdir())
    named = set(re.findall(r'"((?:web|menu)\.[a-z_.]+[a-z])"', sources))
    built = {
        name
        for name in PAGE_WORDS
        if name.startswith(("web.placeholder.", "web.position."))
        and name.rpartition(".")[2] in re.findall(r'"(\w+)"', sources)
    }
    assert named <= set(PAGE_WORDS)
    assert set(PAGE_WORDS) <= named | built | {"web.placeholder", "web.placeholder.press"}


def test_nothing_is_asked_of_third_parties() -> None:
    for path in STATIC.iterdir():
        addresses = re.findall(r"(?:https?|wss?)://[^\s\"'`)]+", path.read_text())
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}, path.name
