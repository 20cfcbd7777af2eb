"""The shapes in which an identity can hide, and the search for all of them."""

from __future__ import annotations

import hashlib
import subprocess
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from tempfile import NamedTemporaryFile
from urllib.parse import quote

_DIGESTS = ("md5", "sha1", "sha256", "sha512", "blake2b", "blake2s")
# Shorter pieces occur by chance.
_BYTES_LEAST = 6


def of_words(words: str) -> dict[str, bytes]:
    """Words as they are, encoded, backwards, and as a plain hash, which is as good as the words."""
    raw = words.encode()
    found = {
        "as it is": raw,
        "utf-16": words.encode("utf-16-le"),
        "backwards": words[::-1].encode(),
        "lower": words.lower().encode(),
        "upper": words.upper().encode(),
        "escaped": words.encode("unicode_escape"),
        "percent": quote(words).encode(),
        **_bytes(raw),
    }
    for name in _DIGESTS:
        digest = hashlib.new(name, raw)
        found |= {name: digest.digest(), f"{name} hex": digest.hexdigest().encode()}
        found |= {f"{name} {shape}": piece for shape, piece in _base64(digest.digest()).items()}
    return found


def of_number(number: int) -> dict[str, bytes]:
    """A number in figures of several bases, backwards, and as binary without its leading zeros."""
    length = (number.bit_length() + 7) // 8
    found = of_words(str(number))
    for order in ("little", "big"):
        raw = number.to_bytes(length, order)
        found |= {f"{order} endian": raw}
        found |= {f"{order} endian {name}": piece for name, piece in _bytes(raw).items()}
    found |= {"varint": _varint(number), "zigzag": _varint(number << 1)}
    found |= {"base 36": _base(number, 36).encode(), "base 16": f"{number:X}".encode()}
    return found


def _bytes(raw: bytes) -> dict[str, bytes]:
    return {"hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(), **_base64(raw)}


def _base64(raw: bytes) -> dict[str, bytes]:
    """At each of the three places where base64 may begin, without what depends on neighbours."""
    found = {}
    for name, encode in (("base64", b64encode), ("base64url", urlsafe_b64encode)):
        for shift in range(3):
            whole = encode(bytes(shift) + raw)
            begins, ends = (0, 2, 3)[shift], (shift + len(raw)) * 8 // 6
            found[f"{name} at {shift}"] = whole[begins:ends]
    return found


def _varint(number: int) -> bytes:
    pieces = []
    while number > 0x7F:
        pieces.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*pieces, number])


def _base(number: int, base: int) -> str:
    figures = ""
    while number:
        number, figure = divmod(number, base)
        figures = "0123456789abcdefghijklmnopqrstuvwxyz"[figure] + figures
    return figures


class Search:
    """Looks for many identities in many places at once.

    Thousands of shapes in hundreds of megabytes: grep finds out in one pass whether there is
    anything to look for. It reads lines, so the few shapes with a line's end in them go without.
    """

    def __init__(self, identities: Mapping[str, str | int]) -> None:
        self._names: dict[bytes, str] = {}
        for who, identity in identities.items():
            forms = of_number(identity) if isinstance(identity, int) else of_words(identity)
            for shape, piece in forms.items():
                if len(piece) >= _BYTES_LEAST:
                    self._names.setdefault(piece, f"{who}, {shape}")

    def hits(self, places: Mapping[str, bytes]) -> list[str]:
        """Which identity was found in which shape and where; empty is what we want."""
        in_line = {piece for piece in self._names if b"\n" not in piece}
        found = {name for name, content in places.items() if _any(in_line, content)}
        return [
            f"{self._names[piece]}, in {place}"
            for place, content in places.items()
            for piece in (self._names if place in found else self._names.keys() - in_line)
            if piece in content
        ]

    def hits_in(self, pieces: Iterable[bytes]) -> list[str]:
        """The same for pieces that need no names."""
        return self.hits({"pieces": b"\0".join(pieces)})


def _any(pieces: Iterable[bytes], content: bytes) -> bool:
    """Whether any of these, none of which has a line's end in it, is somewhere in the content."""
    with NamedTemporaryFile() as wanted:
        wanted.write(b"\n".join(pieces))
        wanted.flush()
        command = ["grep", "--quiet", "--text", "--fixed-strings", f"--file={wanted.name}"]
        ended = subprocess.run(command, input=content, env={"LC_ALL": "C"}, check=False).returncode
    assert ended in (0, 1)
    return ended == 0
