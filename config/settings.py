"""Every setting, typed, frozen, read once from the environment or ``.env``.

A setting that will not do is refused with one sentence that names it; see `SettingRefused`.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = "127.0.0.1"
SHOWN_MOST = 80
SHORTEST_KEY = 32
HOOK_KEY_BYTES = range(24, 65)  # what Standard Webhooks asks of a key
CATALOGUES = Path(__file__).parents[1] / "locales"


class SettingRefused(Exception):
    """A setting is wrong; the text is the sentence for whoever started the programme."""


class Settings(BaseSettings):
    """The settings of all processes; ``.env.example`` says what each one is for."""

    model_config = SettingsConfigDict(
        env_file=".env", frozen=True, extra="ignore", env_ignore_empty=True
    )

    data_dir: Path = Path("data")
    host: str = LOOPBACK
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str = ""
    redis_url: SecretStr = SecretStr("")
    replicas: int = Field(default=0, ge=0, le=9)
    log_format: Literal["plain", "json"] = "plain"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    bot_token: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"
    telegram_mode: Literal["polling", "webhook"] = "polling"
    telegram_webhook_secret: SecretStr = SecretStr("")

    webchat_frame_origins: str = ""
    proxies: int = Field(default=0, ge=0, le=9)

    case_system: Literal["desk", "open311", "webhook"] = "desk"
    open311_url: str = ""
    open311_api_key: SecretStr = SecretStr("")
    open311_jurisdiction_id: str = ""
    open311_services: str = ""
    case_webhook_url: str = ""
    case_webhook_secret: SecretStr = SecretStr("")
    case_hook_secret: SecretStr = SecretStr("")
    operator_key: SecretStr = SecretStr("")
    case_times: Literal["hour", "day"] = "hour"
    desk_host: str = LOOPBACK
    desk_port: int = Field(default=8081, ge=0, le=65535)
    desk_url: str = ""

    media_url: str = ""
    media_days: int = Field(default=60, ge=1, le=365)
    vault_days: int = Field(default=30, ge=1, le=365)
    media_link_key: SecretStr = SecretStr("")
    fetch_key: SecretStr = SecretStr("")
    handoff_key: SecretStr = SecretStr("")
    progress_key: SecretStr = SecretStr("")
    receipt_key: SecretStr = SecretStr("")
    conversation_key: SecretStr = SecretStr("")

    timezone: str = "Asia/Shanghai"
    default_locale: str = "zh"
    emergency_numbers: str = "119,120,110"

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no time zone; try Asia/Shanghai") from error
        return value

    @field_validator("public_url", "telegram_api_url", "open311_url", "desk_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError(f"{value!r} is no web address; it starts with http:// or https://")
        return value.rstrip("/")

    @field_validator("default_locale")
    @classmethod
    def _known_language(cls, value: str) -> str:
        known = sorted(path.stem for path in CATALOGUES.glob("*.po"))
        if value not in known:
            raise ValueError(f"no language {value!r}; there are {', '.join(known)}")
        return value

    @field_validator("bot_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        given = value.get_secret_value()
        if given and re.fullmatch(r"\d+:[A-Za-z0-9_-]+", given) is None:
            raise ValueError("this is no bot token; BotFather gives one like 123456:ABC-def")
        return value

    @field_validator(
        *("conversation_key", "receipt_key", "progress_key"),
        *("media_link_key", "fetch_key", "handoff_key", "operator_key"),
    )
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"needs at least {SHORTEST_KEY} characters")
        return value

    @field_validator("case_hook_secret", "case_webhook_secret")
    @classmethod
    def _hook_secrets(cls, value: SecretStr) -> SecretStr:
        for secret in value.get_secret_value().split():
            if not _is_hook_secret(secret):
                raise ValueError("a secret is whsec_ and 24 to 64 bytes in base64")
        return value

    @field_validator("open311_services")
    @classmethod
    def _pairs(cls, value: str) -> str:
        if any("=" not in pair for pair in value.split(",") if pair.strip()):
            raise ValueError("write category=service_code pairs, separated by commas")
        return value

    @model_validator(mode="after")
    def _belong_together(self) -> Settings:
        wanted = {
            "OPEN311_URL": self.case_system == "open311" and not self.open311_url,
            "CASE_WEBHOOK_URL": self.case_system == "webhook" and not self.case_webhook_url,
            "CASE_WEBHOOK_SECRET": self.case_system == "webhook"
            and not self.case_webhook_secret.get_secret_value(),
            "TELEGRAM_WEBHOOK_SECRET": self.telegram_mode == "webhook"
            and bool(self.bot_token.get_secret_value())
            and not self.telegram_webhook_secret.get_secret_value(),
            "PUBLIC_URL": self.telegram_mode == "webhook"
            and bool(self.bot_token.get_secret_value())
            and not self.public_url,
        }
        for name, missing in wanted.items():
            if missing:
                raise ValueError(f"{name} is needed with these settings and is empty")
        return self

    @property
    def address(self) -> str:
        """Where people reach the gateway, without a slash at the end."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.timezone)


@lru_cache(maxsize=1)
def read_settings() -> Settings:
    """The settings of this process. Raises `SettingRefused` with a sentence for each bad one."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingRefused(" ".join(map(_sentence, error.errors()))) from None


def _is_hook_secret(secret: str) -> bool:
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return False
    return secret.startswith("whsec_") and len(key) in HOOK_KEY_BYTES


def _sentence(problem: object) -> str:
    assert isinstance(problem, dict)
    name = str(problem["loc"][0]).upper() if problem["loc"] else ""
    said = str(problem["msg"]).removeprefix("Value error, ")
    given = problem.get("input")
    field = Settings.model_fields.get(name.lower())
    secret = field is not None and field.annotation is SecretStr
    showable = isinstance(given, str) and len(given) < SHOWN_MOST and not secret
    shown = f" (given: {given!r})" if showable else ""
    return f"{name}: {said}{shown}." if name else f"{said}."
