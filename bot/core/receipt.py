"""Receipts that can be read over the phone.

20 letters of Crockford's base 32 in five groups: 18 random ones (90 bits) and two check letters
(the number modulo 1,021), so that one wrong or two swapped letters are noticed. Reading is
forgiving: case, spaces, dashes, O for 0, I and L for 1.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ENTROPY_BYTES = 12
REFERENCE_BYTES = 16
_LETTERS = 18
_BITS = _LETTERS * 5
_MODULUS = 1021
_FORGIVEN = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": "", "\u3000": "", "–": ""})


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
    plain = words.strip().upper().translate(_FORGIVEN)
    if len(plain) != _LETTERS + 2 or any(letter not in ALPHABET for letter in plain):
        return None
    number, check = _number(plain[:_LETTERS]), _number(plain[_LETTERS:])
    return grouped(plain) if number % _MODULUS == check else None


def looks_like_receipt(words: str) -> bool:
    """Whether somebody seems to have meant a receipt, right or wrong."""
    plain = words.strip().upper().translate(_FORGIVEN)
    return (
        _LETTERS <= len(plain) <= _LETTERS + 4
        and all(letter in ALPHABET for letter in plain)
        and any(letter.isdigit() for letter in plain)
    )


def grouped(letters: str) -> str:
    """Groups of four, as one reads them aloud."""
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def _letters(number: int, count: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(count)))


def _number(letters: str) -> int:
    value = 0
    for letter in letters:
        value = value << 5 | ALPHABET.index(letter)
    return value
