"""Every setting: its default, what is taken, and the sentence for what is not."""

import base64
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from desk.errors import BadSetting
from desk.settings import read_place, read_settings
from tests.desk.running import SECRETS

LEAST = {"OPEN311_API_KEY": "key", "CASE_HOOK_SECRET": SECRETS[0]}


def secret(size: int) -> str:
    return "whsec_" + base64.b64encode(b"x" * size).decode()


def test_defaults() -> None:
    settings = read_settings(LEAST)
    assert settings.database_path == Path("data/desk/desk.db")
    assert settings.public_url(settings.port) == "http://127.0.0.1:8081"
    assert settings.case_hook_url == "http://127.0.0.1:8080/hooks/case"
    assert settings.gateway_url == "http://127.0.0.1:8080"
    assert settings.timezone == ZoneInfo("Asia/Shanghai")
    assert (settings.default_locale, settings.log_format) == ("zh", "plain")
    assert settings.jurisdiction_id == settings.operator_key == ""
    assert settings.operators_url == "http://127.0.0.1:8080/operators/parked"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPEN311_API_KEY", "  "),
        ("CASE_HOOK_SECRET", ""),
        ("CASE_HOOK_SECRET", secret(24).removeprefix("whsec_")),
        ("CASE_HOOK_SECRET", "whsec_***"),
        ("CASE_HOOK_SECRET", secret(23)),
        ("CASE_HOOK_SECRET", secret(65)),
        ("CASE_HOOK_SECRET", f"{secret(24)} whsec_short"),
        ("CASE_HOOK_URL", "127.0.0.1:8080"),
        ("CASE_HOOK_URL", "http://host:port/"),
        ("DESK_PORT", "65536"),
        ("DESK_PORT", "-1"),
        ("DESK_PORT", "http"),
        ("DESK_URL", "ftp://desk.example"),
        ("DESK_URL", "https://desk.example/under/a/path"),
        ("GATEWAY_URL", "http://gateway.example/?a=b"),
        ("TIMEZONE", "Yichang"),
        ("TIMEZONE", "../etc/passwd"),
        ("DEFAULT_LOCALE", "fr"),
        ("LOG_FORMAT", "xml"),
        ("OPERATORS_URL", "bot:8080"),
        ("OPERATOR_KEY", "k" * 31),
        ("OPERATOR_KEY", "k" * 31 + "\n" + "k"),
    ],
)
def test_refused_with_the_name_in_one_sentence(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as refused:
        read_settings({**LEAST, name: value})
    assert str(refused.value).startswith(name)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("size", [24, 25, 64])
def test_secrets_at_both_ends(size: int) -> None:
    both = f"{secret(size)} {secret(32)}"
    assert read_settings({**LEAST, "CASE_HOOK_SECRET": both}).case_hook_secrets[0] == secret(size)


def test_shortest_operator_key() -> None:
    assert read_settings({**LEAST, "OPERATOR_KEY": "k" * 32}).operator_key == "k" * 32


def test_last_port() -> None:
    assert read_settings({**LEAST, "DESK_PORT": "65535"}).port == 65535


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"DESK_URL": "https://desk.example/"}, "https://desk.example"),
        ({"DESK_HOST": "0.0.0.0"}, "http://127.0.0.1:81"),
        ({"DESK_HOST": "::1"}, "http://[::1]:81"),
    ],
)
def test_public_address(given: dict[str, str], url: str) -> None:
    assert read_place(given).public_url(81) == url
