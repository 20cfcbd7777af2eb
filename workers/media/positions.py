"""Reads the position that a camera wrote into a file, to be offered once and then forgotten."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

Position = tuple[float, float]

_ISO6709 = re.compile(r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)(?![\d.])")
_POLE, _DATE_LINE = 90, 180
_TAGS = ("com.apple.quicktime.location.ISO6709", "location")


def from_exif(gps: Mapping[int, Any]) -> Position | None:
    """Latitude and longitude (WGS84) from an EXIF GPS directory; None without a sound pair."""
    try:
        latitude = _degrees(gps[2]) * (-1 if str(gps[1]).upper().startswith("S") else 1)
        longitude = _degrees(gps[4]) * (-1 if str(gps[3]).upper().startswith("W") else 1)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return _plausible(latitude, longitude)


def from_tags(tags: Mapping[str, str]) -> Position | None:
    """Latitude and longitude (WGS84) from a video's ISO 6709 tag, ``+30.69+111.29/``."""
    for name in _TAGS:
        if found := _ISO6709.match(tags.get(name, "")):
            return _plausible(float(found[1]), float(found[2]))
    return None


def _degrees(parts: Any) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    return degrees + minutes / 60 + seconds / 3600


def _plausible(latitude: float, longitude: float) -> Position | None:
    """Cameras without a fix write zeros or nonsense; that is no place to offer."""
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    if abs(latitude) > _POLE or abs(longitude) > _DATE_LINE or (latitude, longitude) == (0, 0):
        return None
    return round(latitude, 6), round(longitude, 6)
