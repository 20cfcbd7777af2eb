"""Fixtures of the desk's tests: a running desk with nobody behind its webhooks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.desk.running import RunningDesk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[RunningDesk]:
    async with RunningDesk.at(tmp_path) as running:
        yield running
