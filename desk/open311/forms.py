"""From a client's form to a new case: every limit of POST requests, each with its sentence.

Fields about the person who reports (the standard has e-mail, name, phone, device and account) are
not even looked at: the desk must not hold them.
"""

import math
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from multidict import MultiMapping

from desk.cases import NewCase
from desk.open311.answers import Refusal

# Characters.
LIMITS = {
    "description": 4000,
    "address_string": 500,
    "address_id": 100,
    "attribute[reference]": 128,
    "attribute[hazard]": 200,
    "attribute[area]": 200,
}
MEDIA_LIMIT = 20
MEDIA_ADDRESS_LIMIT = 2000
_YES_OR_NO = {"": False, "false": False, "true": True}

Form = MultiMapping[str]


def read_case(form: Form, services: Collection[str]) -> NewCase:
    """The case that the form asks for; raises Refusal."""
    code = form.get("service_code", "").strip()
    if not code:
        raise Refusal(400, "service_code was not provided.")
    if code not in services:
        raise Refusal(404, "service_code was not found; GET services lists them.")
    latitude, longitude = _position(form)
    case = NewCase(
        reference=_text(form, "attribute[reference]") or None,
        service_code=code,
        hazard=_text(form, "attribute[hazard]"),
        area=_text(form, "attribute[area]"),
        description=_text(form, "description"),
        address=_text(form, "address_string"),
        address_id=_text(form, "address_id"),
        latitude=latitude,
        longitude=longitude,
        major=_major(form),
        media=_media(form),
    )
    if latitude is None and not case.address and not case.address_id:
        raise Refusal(400, "A location is needed: lat and long, address_string or address_id.")
    return case


def _text(form: Form, name: str) -> str:
    value = form.get(name, "").replace("\r\n", "\n").strip()
    if len(value) > LIMITS[name]:
        raise Refusal(400, f"{name} is longer than {LIMITS[name]} characters.")
    return value


def _position(form: Form) -> tuple[float | None, float | None]:
    latitude, longitude = form.get("lat", "").strip(), form.get("long", "").strip()
    if not latitude and not longitude:
        return None, None
    return _degrees("lat", latitude, 90), _degrees("long", longitude, 180)


def _degrees(name: str, value: str, limit: int) -> float:
    try:
        degrees = float(value)
    except ValueError:
        degrees = math.nan
    if not abs(degrees) <= limit:  # false for what is not a number, too
        raise Refusal(400, f"{name} must be a number from -{limit} to {limit}.")
    return degrees


def _major(form: Form) -> bool:
    value = form.get("attribute[major]", "").strip()
    if value not in _YES_OR_NO:
        raise Refusal(400, "attribute[major] must be true or false.")
    return _YES_OR_NO[value]


def _media(form: Form) -> tuple[str, ...]:
    addresses = tuple(dict.fromkeys(_addresses(form)))
    if len(addresses) > MEDIA_LIMIT:
        raise Refusal(400, f"media_url and media_urls name more than {MEDIA_LIMIT} addresses.")
    for address in addresses:
        _check_address(address)
    return addresses


def _addresses(form: Form) -> Iterator[str]:
    for name in ("media_url", "attribute[media_urls]"):
        for value in form.getall(name, []):
            yield from value.split()


def _check_address(address: str) -> None:
    if len(address) > MEDIA_ADDRESS_LIMIT:
        raise Refusal(400, f"A media address is longer than {MEDIA_ADDRESS_LIMIT} characters.")
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise Refusal(400, "media_url and media_urls must be http or https addresses.")
