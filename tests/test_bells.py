"""Bells: a few of them stand while nobody is there to hear, and no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from bot.bells import STANDING_MOST, Bells, bell_key, ring_once
from bot.store.connection import Store


@pytest.fixture
def connection(store: Store, valkey_url: str) -> Iterator[Redis]:
    with Redis.from_url(valkey_url) as opened:
        yield opened


def standing(connection: Redis, kind: str) -> int:
    return Queue(kind, connection=connection, serializer=JSONSerializer).count


def test_bells_do_not_pile_up_while_a_worker_is_away(connection: Redis) -> None:
    for _ in range(STANDING_MOST - 1):
        ring_once(connection, "push")
    assert standing(connection, "push") == STANDING_MOST - 1
    for _ in range(5):
        ring_once(connection, "push")
    assert standing(connection, "push") == STANDING_MOST
    jobs = [key for key in connection.keys("rq:job:*") if b"dependents" not in key]
    assert len(jobs) == STANDING_MOST
    ring_once(connection, "media")
    assert standing(connection, "media") == 1


async def test_rung_as_often_as_it_may_be_it_stays_at_that(
    store: Store, valkey_url: str, connection: Redis
) -> None:
    """As when each bell's mark ran out and nobody came."""
    bells = Bells(store, valkey_url)
    for _ in range(STANDING_MOST + 3):
        connection.delete(bell_key("push"))
        bells.ring(["push"])
        await bells.rung()
    assert standing(connection, "push") == STANDING_MOST
    await bells.close()
