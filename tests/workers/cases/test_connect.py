"""Which case system the settings mean."""

from urllib.parse import urlsplit

import pytest

from config.settings import SettingRefused, Settings
from tests.fakes.cases import (
    GeoReportServer,
    Remembered,
    open311_settings,
    sample,
    webhook_settings,
)
from workers.cases import connect
from workers.cases.open311 import Open311
from workers.cases.webhook import Webhook


def desk(address: str, host: str, open311_url: str = "") -> Settings:
    """Settings for a desk that listens on `host` and the port of `address`."""
    return open311_settings("").model_copy(
        update={
            "open311_url": open311_url,
            "desk_host": host,
            "desk_port": urlsplit(address).port,
        }
    )


def test_each_setting_has_its_system() -> None:
    assert isinstance(connect(open311_settings("http://cases.example/v2"), Remembered()), Open311)
    assert isinstance(connect(webhook_settings("http://cases.example/hook"), Remembered()), Webhook)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
async def test_the_desk_is_found_where_it_listens(host: str) -> None:
    async with GeoReportServer() as server:
        system = connect(desk(server.address, host), Remembered())
        assert await system.open_case(sample()) == "1"
        await system.close()


async def test_an_address_that_is_given_goes_before_the_desk() -> None:
    async with GeoReportServer() as server:
        system = connect(desk("http://127.0.0.1:9", "127.0.0.1", server.url), Remembered())
        assert await system.open_case(sample()) == "1"
        await system.close()


@pytest.mark.parametrize("host", ["::", "::1", "fe80::1"])
def test_an_address_of_the_sixth_version_is_bracketed(host: str) -> None:
    assert isinstance(connect(desk("http://127.0.0.1:8081", host), Remembered()), Open311)


def test_a_host_that_is_none_is_one_sentence() -> None:
    with pytest.raises(SettingRefused, match="OPEN311_URL"):
        connect(open311_settings("http://"), Remembered())
