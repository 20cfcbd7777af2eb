"""No answer, however broken, is anything but rows or unreadable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cases.answers import Unreadable, attribute_words, rows, text

SCRAPS = st.lists(
    st.sampled_from(
        b'<service_requests> </service_requests> <request> </request> < > [ ] { } : 1 , " \xff \x00'
        b' "service_request_id" &amp; <!-- --> <![CDATA[ ]]> <?xml?>'.split(b" ")
    )
).map(b"".join)


@given(st.binary() | SCRAPS)
def test_whatever_comes_is_read_or_unreadable(body: bytes) -> None:
    try:
        found = rows(body)
    except Unreadable:
        return
    for row in found:
        assert isinstance(text(row, "service_request_id"), str)
        assert all(isinstance(words, str) for words in attribute_words(row))


@pytest.mark.parametrize(
    "body",
    [
        b"<service_requests>" + b"<a>" * 100_000,
        b"[" * 100_000,
        b"<?xml version='1.0' encoding='no-such'?><service_requests/>",
        b'<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]><errors>&b;</errors>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><errors/>',
    ],
)
def test_traps_are_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        rows(body)


def test_deep_attributes_are_read_without_falling() -> None:
    deep = b"<a>" * 500 + b"R-1" + b"</a>" * 500
    found = rows(
        b"<service_requests><request><attributes>"
        + deep
        + b"</attributes></request></service_requests>"
    )
    assert list(attribute_words(found[0])) == ["R-1"]
