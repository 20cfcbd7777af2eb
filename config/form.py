"""Reads ``form.toml`` into the domain's `Form`."""

from __future__ import annotations

import tomllib
from pathlib import Path

from bot.core.form import Category, Form
from config.settings import Settings

FORM_FILE = Path(__file__).with_name("form.toml")


def read_form(settings: Settings) -> Form:
    """The form with the settings' service codes, numbers to call and time zone in it."""
    raw = tomllib.loads(FORM_FILE.read_text("utf-8"))
    codes = _service_codes(settings.open311_services)
    return Form(
        categories=tuple(
            Category(
                code=one["code"],
                service_code=codes.get(one["code"], one["service_code"]),
                hazards=tuple(one["hazards"]),
            )
            for one in raw["category"]
        ),
        media_most=raw["media_most"],
        description_most=raw["description_most"],
        address_most=raw["address_most"],
        emergency_numbers=tuple(
            number.strip() for number in settings.emergency_numbers.split(",") if number.strip()
        ),
        timezone=settings.zone,
        vault_days=settings.vault_days,
    )


def _service_codes(setting: str) -> dict[str, str]:
    pairs = (pair.split("=", 1) for pair in setting.split(",") if pair.strip())
    return {category.strip(): code.strip() for category, code in pairs}
