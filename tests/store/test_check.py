"""What the programme says of a store that it is given."""

from __future__ import annotations

import pytest

from bot.store.check import check_store
from bot.store.connection import Store


@pytest.mark.parametrize(
    ("appendfsync", "said"),
    [("always", ""), ("everysec", "Set appendfsync always."), ("no", "no)")],
)
async def test_a_store_that_writes_late_is_named(
    store: Store, valkey_url: str, appendfsync: str, said: str
) -> None:
    await store.client.config_set("appendfsync", appendfsync)
    try:
        sentence = check_store(valkey_url)
    finally:
        await store.client.config_set("appendfsync", "always")
    assert said in sentence
    assert bool(sentence) == bool(said)
