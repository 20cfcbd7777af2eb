"""Whether the store that we were given keeps what it is told."""

from __future__ import annotations

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.sentinel import MasterNotFoundError, SentinelConnectionPool

from bot.store.address import blocking_client

OLDEST = (7, 2)  # WAITAOF


class StoreUnfit(Exception):
    """The store cannot be used; the text is the sentence for whoever started the programme."""


LATE = (
    "The store answers before it is on disk (appendfsync {}): a power cut may take the last second "
    "of what people were told is kept. Set appendfsync always."
)


ALONE = (
    "A store that is cut off from its replicas goes on taking what another one, made the primary "
    "meanwhile, will not know (min-replicas-to-write 0). Set min-replicas-to-write 1."
)


def check_store(url: str, replicas: int = 0) -> str:
    """Raises `StoreUnfit` unless the store answers, appends to a file and evicts nothing.

    Sentences for the operator if it does so late, or where there are `replicas` or Sentinels even
    if it is cut off from the others; else nothing.
    """
    try:
        client = blocking_client(url)
    except ValueError as error:
        raise StoreUnfit(f"REDIS_URL: {error}.") from None
    try:
        appending, policy, version = _configured(client)
        warnings = _warnings(client, replicas)
    except MasterNotFoundError:
        raise StoreUnfit(f"REDIS_URL: {_without_primary(client)}.") from None
    except AuthenticationError:
        raise StoreUnfit("REDIS_URL: the store refuses this user or password.") from None
    except (RedisError, OSError):
        raise StoreUnfit("REDIS_URL: no Redis or Valkey answers there.") from None
    finally:
        client.close()
    if version and version < OLDEST:
        raise StoreUnfit(
            f"The store is too old to say what is on disk ({version[0]}.{version[1]}): "
            "use Valkey, or Redis 7.2 or newer."
        )
    if appending == "0":
        raise StoreUnfit(
            "The store would lose reports: switch its append-only file on (appendonly yes)."
        )
    if policy not in ("", "noeviction"):
        raise StoreUnfit(
            f"The store would drop reports when full ({policy}): set maxmemory-policy noeviction."
        )
    return warnings


def _warnings(client: Redis, replicas: int) -> str:
    """What should be set otherwise; empty where the user may not ask."""
    watched = isinstance(client.connection_pool, SentinelConnectionPool)
    try:
        found = client.config_get("appendfsync", "min-replicas-to-write")
    except ResponseError:
        return ""
    late = found.get("appendfsync", "always")
    said = [LATE.format(late)] if late != "always" else []
    if (replicas or watched) and found.get("min-replicas-to-write") == "0":
        said.append(ALONE)
    return " ".join(said)


def _without_primary(client: Redis) -> str:
    """Why the Sentinels name none, as far as they tell."""
    pool, refused = client.connection_pool, False
    assert isinstance(pool, SentinelConnectionPool)
    for sentinel in pool.sentinel_manager.sentinels:
        try:
            known = pool.service_name in sentinel.sentinel_masters()
        except AuthenticationError:
            refused = True
        except (RedisError, OSError):
            continue
        else:
            return (
                "the Sentinels know no primary of this service just now"
                if known
                else "the Sentinels watch no service of this name"
            )
    return (
        "the Sentinels refuse sentinel_username or sentinel_password"
        if refused
        else "no Sentinel answers there"
    )


def _configured(client: Redis) -> tuple[str, str, tuple[int, ...]]:
    """Whether it appends (0 or 1), its eviction policy and its version; empty where the user may
    not ask."""
    client.ping()
    try:
        found = client.info("persistence") | client.info("memory") | client.info("server")
    except ResponseError:
        return "", "", ()
    # Valkey, too, tells which Redis it is like.
    parts = str(found.get("redis_version", "")).split(".")[:2]
    version = tuple(int(part) for part in parts if part)
    return str(found.get("aof_enabled", "")), str(found.get("maxmemory_policy", "")), version
