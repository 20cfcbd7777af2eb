"""HEIC files as phones make them: beside the picture one of its depth, a thumbnail, Exif and XMP.

No library at hand writes such images, so a file of three pictures is saved, and its directory then
says of the second and third that they belong to the first.
"""

from __future__ import annotations

import struct

from PIL import Image

from tests.workers.media import samples
from tests.workers.media.boxes import box, boxes, joined

KINDS = {
    "depth": "urn:mpeg:hevc:2015:auxid:2",
    "alpha": "urn:mpeg:hevc:2015:auxid:1",
    "gain map": "urn:com:apple:photo:2020:aux:hdrgainmap",
    "matte": "urn:com:apple:photo:2018:aux:portraiteffectsmatte",
}
"""What an auxiliary image is of, as the file says it."""

SHADE = 200
"""The one grey of the auxiliary image; no part of the primary picture is of it."""

_SMALL = (64, 64)
_WIDE = (128, 64)


def with_auxiliary(
    kind: str,
    primary: Image.Image | None = None,
    size: tuple[int, int] = _SMALL,
    *,
    orientation: int = 1,
) -> bytes:
    """A HEIC with an auxiliary image of one of `KINDS` in that size, and a thumbnail.

    The canary stands in the names of both, in the auxiliary image's own data, in Exif and in XMP.
    """
    more = [Image.new("L", size, SHADE), samples.picture(_SMALL, "L")]
    tags = {"exif": samples.exif(orientation).tobytes(), "xmp": samples.xmp()}
    saved = samples.saved(
        primary or samples.picture(), "HEIF", save_all=True, append_images=more, **tags
    )
    return joined(
        (name, _belonging(content, KINDS[kind]) if name == b"meta" else content)
        for name, content in boxes(saved)
    )


def with_declared_size(kind: str, declared: tuple[int, int]) -> bytes:
    """The same; its small auxiliary image is declared to be of another size than it is."""
    return samples.of_declared_size(with_auxiliary(kind, size=_WIDE), _WIDE, declared)


def _belonging(meta: bytes, kind: str) -> bytes:
    """The directory once the second picture is an auxiliary of the first, the third its thumbnail.

    `meta` is the content of that box, version and flags included, and so are those below.
    """
    parts = dict(boxes(meta[4:]))
    picture, auxiliary, small = _pictures(parts[b"iinf"])
    parts[b"iinf"] = _named(parts[b"iinf"], (auxiliary, small))
    parts[b"iref"] += box(b"auxl", struct.pack(">HHH", auxiliary, 1, picture))
    parts[b"iref"] += box(b"thmb", struct.pack(">HHH", small, 1, picture))
    parts[b"iprp"] = _with_property(parts[b"iprp"], auxiliary, kind)
    grown = len(joined(parts.items())) - len(meta[4:])
    parts[b"iloc"] = _moved(parts[b"iloc"], grown)
    return meta[:4] + joined(parts.items())


def _pictures(iinf: bytes) -> list[int]:
    """The numbers of the items that are coded pictures."""
    entries = [entry for _, entry in boxes(iinf[6:])]
    return [_number(entry) for entry in entries if entry[8:12] == b"hvc1"]


def _named(iinf: bytes, items: tuple[int, ...]) -> bytes:
    """The list of items; the canary is the name of these."""
    name = samples.SECRET.encode() + b"\0"
    return iinf[:6] + joined(
        (kind, entry[:12] + name if _number(entry) in items else entry)
        for kind, entry in boxes(iinf[6:])
    )


def _number(entry: bytes) -> int:
    return int.from_bytes(entry[4:6], "big")


def _with_property(iprp: bytes, item: int, kind: str) -> bytes:
    """The properties and the one that says what sort of auxiliary image the item is."""
    parts = dict(boxes(iprp))
    number = len(boxes(parts[b"ipco"])) + 1
    parts[b"ipco"] += box(b"auxC", bytes(4) + kind.encode() + b"\0" + samples.SECRET.encode())
    old, at = parts[b"ipma"], 8
    made = old[:at]
    while at < len(old):
        owner, count = struct.unpack_from(">HB", old, at)
        listed = old[at + 3 : at + 3 + count]
        at += 3 + count
        if owner == item:
            listed += bytes([0x80 | number])  # the high bit: it cannot be passed over
        made += struct.pack(">HB", owner, len(listed)) + listed
    parts[b"ipma"] = made
    return joined(parts.items())


def _moved(iloc: bytes, by: int) -> bytes:
    """The places of the items' data, all so much further back."""
    assert iloc[:6] == b"\0\0\0\0\x44\x40", "another form of directory than is read here"
    made = iloc[:8]
    for item, source, place, *extents in struct.iter_unpack(">HHIHII", iloc[8:]):
        made += struct.pack(">HHIHII", item, source, place + by, *extents)
    return made
