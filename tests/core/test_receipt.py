"""Receipts: read back whatever way they were written down, and never mistaken for another."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.receipt import (
    ALPHABET,
    grouped,
    looks_like_receipt,
    read_receipt,
    receipt_from,
    receipt_in,
    reference_from,
    without_receipts,
)

entropy = st.binary(min_size=12, max_size=32)
SAMPLE = [receipt_from(bytes([number * 21 % 256] * 3 + [number] * 9)) for number in range(40)]


@given(entropy)
def test_a_receipt_reads_back(random: bytes) -> None:
    receipt = receipt_from(random)
    assert re.fullmatch(rf"([{ALPHABET}]{{4}}-){{4}}[{ALPHABET}]{{4}}", receipt)
    assert read_receipt(receipt) == receipt
    assert looks_like_receipt(receipt) or not any(letter.isdigit() for letter in receipt)


@given(entropy, entropy)
def test_different_randomness_makes_different_receipts(one: bytes, other: bytes) -> None:
    same_bits = one[:11] == other[:11] and one[11] >> 6 == other[11] >> 6
    assert (receipt_from(one) == receipt_from(other)) == same_bits


def test_too_little_randomness_is_refused() -> None:
    assert receipt_from(bytes(12))
    with pytest.raises(ValueError, match="12 random bytes"):
        receipt_from(bytes(11))


def test_every_single_wrong_letter_is_noticed() -> None:
    tried = 0
    for receipt in SAMPLE:
        letters = receipt.replace("-", "")
        for at, right in enumerate(letters):
            for wrong in set(ALPHABET) - {right}:
                tried += 1
                assert read_receipt(letters[:at] + wrong + letters[at + 1 :]) is None
    assert tried == 40 * 20 * 31


def test_every_swap_of_neighbours_is_noticed() -> None:
    tried = 0
    for receipt in SAMPLE:
        letters = receipt.replace("-", "")
        for at, (one, other) in enumerate(pairwise(letters)):
            if one != other:
                tried += 1
                assert read_receipt(letters[:at] + other + one + letters[at + 2 :]) is None
    assert tried > 400


@given(st.text(alphabet=ALPHABET, min_size=20, max_size=20))
def test_whatever_is_read_is_a_receipt_and_the_rest_is_refused(letters: str) -> None:
    read = read_receipt(letters)
    assert read in (None, grouped(letters))


def test_one_guess_in_a_thousand_has_the_right_check_letters() -> None:
    body = SAMPLE[7].replace("-", "")[:18]
    right = [one + two for one in ALPHABET for two in ALPHABET if read_receipt(body + one + two)]
    assert len(right) == 1


RECEIPT = receipt_from(bytes.fromhex("004438d4c74254b635cf8480"))


@pytest.mark.parametrize(
    "written",
    [
        RECEIPT,
        RECEIPT.lower(),
        RECEIPT.replace("-", ""),
        RECEIPT.replace("-", " "),
        RECEIPT.replace("-", "\u3000"),
        RECEIPT.replace("-", "—"),
        RECEIPT.replace("-", "."),
        f"  {RECEIPT}\n",
        f"回执：{RECEIPT}",
        f"Receipt: {RECEIPT}",
        RECEIPT.replace("0", "O"),
        RECEIPT.replace("0", "o"),
        RECEIPT.replace("1", "I"),
        RECEIPT.replace("1", "l"),
        RECEIPT.replace("V", "U"),
        "".join(chr(ord(letter) + 0xFEE0) for letter in RECEIPT),
    ],
)
def test_reading_is_forgiving(written: str) -> None:
    assert {"0", "1", "V"} <= set(RECEIPT)
    assert read_receipt(written) == RECEIPT
    assert looks_like_receipt(written)


@pytest.mark.parametrize(
    "words",
    ["", "-", "你好", "解放路 12 号", RECEIPT[:-1], f"{RECEIPT}2", RECEIPT + "é", "楼" * 20],
)
def test_other_words_are_no_receipt(words: str) -> None:
    assert read_receipt(words) is None


@pytest.mark.parametrize(("letters", "meant"), [(17, False), (18, True), (22, True), (23, False)])
def test_a_receipt_with_letters_too_few_or_too_many_was_still_meant(
    letters: int, meant: bool
) -> None:
    assert looks_like_receipt("7" * letters) == meant


def test_a_sentence_is_not_taken_for_a_receipt() -> None:
    assert not looks_like_receipt("There are papers and bags")
    assert not looks_like_receipt("三楼通道被堵住了，一共有三十多个纸箱")


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_references_are_as_different_as_their_randomness(one: bytes, other: bytes) -> None:
    assert len(reference_from(one)) == 26
    assert (reference_from(one) == reference_from(other)) == (one == other)


@pytest.mark.parametrize(
    "around",
    [
        "我的回执是 {} 现在怎么样了",
        "我的回执是{}现在怎么样了",
        "see report {}, please",
        "{}",
        "请查：{}。",
        "11 12 {} 13",
        "A1B2 {} C3D4",
    ],
)
@pytest.mark.parametrize("written", ["-", "", " "])
def test_a_receipt_among_words_is_found_and_cut_to_its_end(around: str, written: str) -> None:
    for receipt in SAMPLE:
        words = around.format(receipt.replace("-", written))
        assert receipt_in(words) == receipt
        left = without_receipts(words)
        assert receipt_in(left) is None
        assert f"…{receipt[-4:]}" in left
        assert receipt[:9] not in left.replace(" ", "-")


def test_two_receipts_are_both_cut() -> None:
    one, other = SAMPLE[:2]
    assert without_receipts(f"{one} 和 {other.lower()}") == f"…{one[-4:]} 和 …{other[-4:]}"


@pytest.mark.parametrize(
    "words",
    [
        "",
        "解放路 12 号地下车库，鄂E12345 堵住通道 3 天了",
        "0717-1234567 13977551234 91420500MA487XXXXX",
        "the second exit of building 12 has been locked since 3 May 2026",
        "0EKC VPP0 FJX3 JC5J",
    ],
)
def test_words_without_a_receipt_stay_as_they_are(words: str) -> None:
    assert receipt_in(words) is None
    assert without_receipts(words) == words


@given(st.text(alphabet="0123456789ABCXYZabc -.:：执", max_size=200))
def test_nothing_else_is_lost(words: str) -> None:
    left = without_receipts(words)
    assert receipt_in(left) is None
    assert left == words or "…" in left
