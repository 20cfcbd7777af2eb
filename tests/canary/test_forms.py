"""The search itself: an identity that is there is found in every shape, and no other."""

from __future__ import annotations

import hashlib
import json
import zlib
from base64 import b64encode

import pytest

from tests.canary.forms import Search

NUMBER, NAME = 4_301_277_911_602_353, "Qanary 鸟 person"
SEARCH = Search({"number": NUMBER, "name": NAME})
HIDDEN = {
    "figures": str(NUMBER).encode(),
    "figures backwards": str(NUMBER)[::-1].encode(),
    "json": json.dumps({"from": {"id": NUMBER}}).encode(),
    "json without Chinese": json.dumps([NAME]).encode(),
    "64 bit": NUMBER.to_bytes(8, "big"),
    "64 bit, the other way": NUMBER.to_bytes(8, "little"),
    "hex": f"{NUMBER:016x}".encode(),
    "hex of figures": str(NUMBER).encode().hex().encode(),
    "hash": hashlib.sha256(str(NUMBER).encode()).hexdigest().encode(),
    "hash in base64": b64encode(hashlib.sha256(NAME.encode()).digest()),
    "name": NAME.encode(),
    "name in UTF-16": NAME.encode("utf-16"),
    **{f"base64 after {n}": b64encode(b"x" * n + NAME.encode() + b"y") for n in range(4)},
    **{f"figures in base64 after {n}": b64encode(b"x" * n + b"%d]" % NUMBER) for n in range(4)},
}


@pytest.mark.parametrize("where", HIDDEN)
def test_what_is_there_is_found(where: str) -> None:
    [hit, *_] = SEARCH.hits({where: b"before " + HIDDEN[where] + b" after"})
    assert hit.endswith(f"in {where}")


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 1000, bytes(range(256)) * 50, str(NUMBER + 1).encode(), zlib.compress(b"x" * 99)],
)
def test_what_is_not_there_is_not_found(content: bytes) -> None:
    assert SEARCH.hits({"somewhere": content}) == []
