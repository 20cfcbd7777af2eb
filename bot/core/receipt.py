"""Receipts that can be read over the phone.

20 letters of Crockford's base 32 in five groups: 18 random ones (90 bits) and two check letters
(the number modulo 1,021), so that one wrong or two swapped letters are noticed. Reading is
forgiving: case, spaces, dashes and dots, full-width letters, a label with a colon before it, O for
0, I and L for 1, U for V.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ENTROPY_BYTES = 12
REFERENCE_BYTES = 16
_LETTERS = 18
_BITS = _LETTERS * 5
_MODULUS = 1021
# As long as letters and figures go on; full-width ones are letters too.
_WORD = re.compile(r"[0-9A-Za-z０-９Ａ-Ｚａ-ｚ]+")
_FORGIVEN = str.maketrans("OILU", "011V", " \t\n-‐‑–—−_.·")


def receipt_from(entropy: bytes) -> str:
    """A receipt ``XXXX-XXXX-XXXX-XXXX-XXXX`` from at least 12 random bytes."""
    if len(entropy) < ENTROPY_BYTES:
        raise ValueError(f"a receipt needs {ENTROPY_BYTES} random bytes")
    number = int.from_bytes(entropy[:ENTROPY_BYTES], "big") >> (ENTROPY_BYTES * 8 - _BITS)
    return grouped(_letters(number, _LETTERS) + _letters(number % _MODULUS, 2))


def reference_from(entropy: bytes) -> str:
    """The report's own name towards the case system: 26 letters (128 bits) from 16 random bytes."""
    return _letters(int.from_bytes(entropy[:REFERENCE_BYTES], "big"), 26)


def read_receipt(words: str) -> str | None:
    """The receipt in its written form, or None if these words are not one."""
    plain = _plain(words)
    if len(plain) != _LETTERS + 2 or any(letter not in ALPHABET for letter in plain):
        return None
    number, check = _number(plain[:_LETTERS]), _number(plain[_LETTERS:])
    return grouped(plain) if number % _MODULUS == check else None


def receipt_in(words: str) -> str | None:
    """The first receipt anywhere in these words, in its written form; None if there is none."""
    found = next(_found(words), None)
    return found[0] if found else None


def without_receipts(words: str) -> str:
    """The words with four letters left of each receipt, for whoever has a whole one can use it."""
    for receipt, start, end in reversed(list(_found(words))):
        words = f"{words[:start]}…{receipt[-4:]}{words[end:]}"
    return words


def _found(words: str) -> Iterator[tuple[str, int, int]]:
    """Every receipt with its place; each begins and ends where a word does."""
    after = 0
    for word in _WORD.finditer(words):
        start = word.start()
        if start < after:
            continue
        for end in (other.end() for other in _WORD.finditer(words, start)):
            plain = _plain(words[start:end])
            if len(plain) > _LETTERS + 2:
                break
            if receipt := read_receipt(words[start:end]):
                yield receipt, start, end
                after = end
                break
            if any(letter not in ALPHABET for letter in plain):
                break


def looks_like_receipt(words: str) -> bool:
    """Whether somebody seems to have meant a receipt, right or wrong."""
    plain = _plain(words)
    return (
        _LETTERS <= len(plain) <= _LETTERS + 4
        and all(letter in ALPHABET for letter in plain)
        and any(letter.isdigit() for letter in plain)
    )


def grouped(letters: str) -> str:
    """Groups of four, as one reads them aloud."""
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _plain(words: str) -> str:
    unified = unicodedata.normalize("NFKC", words).rpartition(":")[2]
    return unified.upper().translate(_FORGIVEN)


def _letters(number: int, count: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(count)))


def _number(letters: str) -> int:
    value = 0
    for letter in letters:
        value = value << 5 | ALPHABET.index(letter)
    return value
