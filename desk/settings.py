"""What the desk is told from outside, read once, typed and frozen.

A bad value is refused here with one sentence, so that no later module has to doubt its settings.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from desk.errors import BadSetting
from desk.words import LOCALES

SECRET_PREFIX = "whsec_"  # noqa: S105 - the standard's public prefix, not a secret
SECRET_BYTES = range(24, 65)  # what Standard Webhooks asks of a key
SHORTEST_KEY = 32
LAST_PORT = 65535

LogFormat = Literal["plain", "json"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the desk is, all that a login link needs; `url` is empty when host and port say it."""

    data_dir: Path
    host: str
    port: int
    url: str

    @property
    def database_path(self) -> Path:
        return self.data_dir / "desk" / "desk.db"

    def public_url(self, port: int) -> str:
        """The address for people's browsers, without a trailing slash; `port` is the bound one."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return self.url or f"http://{f'[{host}]' if ':' in host else host}:{port}"


@dataclass(frozen=True, kw_only=True)
class Settings(Place):
    """Everything the desk can be told."""

    api_key: str
    jurisdiction_id: str
    case_hook_url: str
    case_hook_secrets: tuple[str, ...]
    gateway_url: str
    operators_url: str
    operator_key: str
    timezone: ZoneInfo
    default_locale: str
    log_format: LogFormat


def read_place(environment: Mapping[str, str]) -> Place:
    """Read and check where the desk is; raises BadSetting with one sentence."""
    value = _reader(environment)
    return Place(
        data_dir=Path(value("DATA_DIR", "./data")),
        host=value("DESK_HOST", "127.0.0.1"),
        port=_port(value("DESK_PORT", "8081")),
        url=_origin("DESK_URL", value("DESK_URL")) if value("DESK_URL") else "",
    )


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read and check every setting; raises BadSetting with one sentence."""
    value = _reader(environment)
    return Settings(
        **vars(read_place(environment)),
        api_key=_required("OPEN311_API_KEY", value("OPEN311_API_KEY")),
        jurisdiction_id=value("OPEN311_JURISDICTION_ID"),
        case_hook_url=_address(
            "CASE_HOOK_URL", value("CASE_HOOK_URL", "http://127.0.0.1:8080/hooks/case")
        ),
        case_hook_secrets=_secrets(value("CASE_HOOK_SECRET")),
        gateway_url=_origin("GATEWAY_URL", value("GATEWAY_URL", "http://127.0.0.1:8080")),
        operators_url=_address(
            "OPERATORS_URL", value("OPERATORS_URL", "http://127.0.0.1:8080/operators/parked")
        ),
        operator_key=_operator_key(value("OPERATOR_KEY")),
        timezone=_zone(value("TIMEZONE", "Asia/Shanghai")),
        default_locale=_one_of("DEFAULT_LOCALE", value("DEFAULT_LOCALE", "zh"), LOCALES),
        log_format=cast(
            "LogFormat", _one_of("LOG_FORMAT", value("LOG_FORMAT", "plain"), ("plain", "json"))
        ),
    )


class _Reader(Protocol):
    def __call__(self, name: str, default: str = "") -> str: ...


def _reader(environment: Mapping[str, str]) -> _Reader:
    """Values by name; an empty one counts as not given."""

    def value(name: str, default: str = "") -> str:
        return environment.get(name, "").strip() or default

    return value


def _required(name: str, value: str) -> str:
    if not value:
        raise BadSetting(f"{name} is missing: the desk needs it to start.")
    return value


def _port(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) > LAST_PORT:
        raise BadSetting(f"DESK_PORT must be a number from 0 to {LAST_PORT}, not {value!r}.")
    return int(value)


def _address(name: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise BadSetting(f"{name} must be an http or https address, not {value!r}.")
    return value


def _origin(name: str, value: str) -> str:
    """Scheme, host and port alone: it goes into links and the content security policy."""
    parts = urlsplit(_address(name, value))
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        raise BadSetting(f"{name} must be an address without a path, not {value!r}.")
    return f"{parts.scheme}://{parts.netloc}"


def _secrets(value: str) -> tuple[str, ...]:
    keys = tuple(_required("CASE_HOOK_SECRET", value).split())
    if not all(_is_secret(key) for key in keys):
        raise BadSetting(
            "CASE_HOOK_SECRET must be 'whsec_' and 24 to 64 bytes in base64, "
            "several separated by spaces."
        )
    return keys


def _is_secret(key: str) -> bool:
    encoded = key.removeprefix(SECRET_PREFIX)
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        return False
    return key.startswith(SECRET_PREFIX) and len(raw) in SECRET_BYTES


def _operator_key(value: str) -> str:
    """It goes into a header; without one the desk runs, and cannot ask for stopped work."""
    if value and (len(value) < SHORTEST_KEY or not value.isprintable()):
        raise BadSetting(f"OPERATOR_KEY must be at least {SHORTEST_KEY} printable characters.")
    return value


def _zone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSetting(f"TIMEZONE must be a name such as Asia/Shanghai, not {value!r}.") from None


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise BadSetting(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value
