"""A browser, a phone's screen, a running chat, and the accessibility checker."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright, expect
from redis.asyncio import Redis

from tests.browser.phone import AXE, Phone
from tests.browser.script import Script
from tests.channels.webchat.world import World

HERE = Path(__file__).parent
# A deadline for what never comes, not a measure: machines are slow at times.
expect.set_options(timeout=30_000)
PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "zh-CN", "has_touch": True}

OpenContext = Callable[..., Awaitable[BrowserContext]]
OpenPhone = Callable[..., Awaitable[Phone]]


@pytest.fixture(scope="session")
def axe() -> None:
    """Install the accessibility checker that the lock file names, once."""
    wanted = json.loads((HERE / "package.json").read_text())["devDependencies"]["axe-core"]
    manifest = AXE.parent / "package.json"
    if manifest.exists() and json.loads(manifest.read_text())["version"] == wanted:
        return
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=HERE, check=True, capture_output=True)


@pytest.fixture
async def chat(client: Redis, tmp_path: Path) -> AsyncIterator[World]:
    """The web chat with the scripted conversation behind it."""
    async with World(client, tmp_path, Script()) as running:
        yield running


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield running
        await running.close()


@pytest.fixture
def new_context(browser: Browser) -> OpenContext:
    """A browser profile of its own, on a phone's screen unless told otherwise."""

    async def opened(**options: Any) -> BrowserContext:
        return await browser.new_context(**{**PHONE, **options})

    return opened


@pytest.fixture
async def new_phone(chat: World, new_context: OpenContext) -> AsyncIterator[OpenPhone]:
    """A phone with the chat open; at the end none of them has complained of anything."""
    phones: list[Phone] = []

    async def opened(context: BrowserContext | None = None, **options: Any) -> Phone:
        phone = await Phone.opened(context or await new_context(**options), chat.url)
        phones.append(phone)
        return phone

    yield opened
    assert [complaint for phone in phones for complaint in phone.complaints] == []


@pytest.fixture
async def phone(new_phone: OpenPhone) -> Phone:
    """A phone with the chat open."""
    return await new_phone()
