"""Positions as cameras write them, sound and not."""

from __future__ import annotations

from typing import Any

import pytest

from workers.media.positions import from_exif, from_tags

APPLE = "com.apple.quicktime.location.ISO6709"


@pytest.mark.parametrize(
    ("gps", "expected"),
    [
        ({1: "N", 2: (30, 41, 30.5), 3: "E", 4: (111, 17, 12)}, (30.691806, 111.286667)),
        ({1: "S", 2: (30, 0, 0), 3: "W", 4: (111, 30, 0)}, (-30.0, -111.5)),
        ({1: "s", 2: (0, 0, 36), 3: "w", 4: (0, 0, 0)}, (-0.01, 0.0)),
        ({1: "N", 2: (90, 0, 0), 3: "E", 4: (180, 0, 0)}, (90.0, 180.0)),
        ({1: "N", 2: (90, 0, 1), 3: "E", 4: (10, 0, 0)}, None),
        ({1: "N", 2: (10, 0, 0), 3: "E", 4: (180, 0, 1)}, None),
        ({1: "N", 2: (0, 0, 0), 3: "E", 4: (0, 0, 0)}, None),
        ({1: "N", 2: (float("nan"), 0, 0), 3: "E", 4: (1, 0, 0)}, None),
        ({1: "N", 2: (1, 0), 3: "E", 4: (1, 0, 0)}, None),
        ({1: "N", 2: 30.5, 3: "E", 4: 111.0}, None),
        ({2: (30, 0, 0), 4: (111, 0, 0)}, None),
        ({}, None),
    ],
)
def test_exif(gps: dict[int, Any], expected: tuple[float, float] | None) -> None:
    assert from_exif(gps) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({APPLE: "+30.6918+111.2867+055.100/"}, (30.6918, 111.2867)),
        ({"location": "+30.6918+111.2867/"}, (30.6918, 111.2867)),
        ({"location": "-05.5-000.25/"}, (-5.5, -0.25)),
        ({"location": "+91.0+000.0/"}, None),
        ({"location": "+00.0000+000.0000/"}, None),
        ({"location": "+304130.5+1111712/"}, None),
        ({"location": "Yichang"}, None),
        ({"comment": "+30.6918+111.2867/"}, None),
        ({}, None),
    ],
)
def test_iso_6709(tags: dict[str, str], expected: tuple[float, float] | None) -> None:
    assert from_tags(tags) == expected
