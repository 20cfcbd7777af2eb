"""Whether the store that we were given keeps what it is told."""

from __future__ import annotations

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from bot.store.connection import CONNECT_SECONDS

OLDEST = (7, 2)  # WAITAOF


class StoreUnfit(Exception):
    """The store cannot be used; the text is the sentence for whoever started the programme."""


LATE = (
    "The store answers before it is on disk (appendfsync {}): a power cut may take the last second "
    "of what people were told is kept. Set appendfsync always."
)


def check_store(url: str) -> str:
    """Raises `StoreUnfit` unless the store answers, appends to a file and evicts nothing.

    A sentence for the operator if it does so late, else nothing.
    """
    try:
        client = Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS)
    except ValueError as error:
        raise StoreUnfit(f"REDIS_URL: {error}.") from None
    try:
        appending, policy, version = _configured(client)
        appendfsync = _appendfsync(client)
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
    return LATE.format(appendfsync) if appendfsync not in ("", "always") else ""


def _appendfsync(client: Redis) -> str:
    """How soon it is on disk; empty where the user may not ask."""
    try:
        return str(client.config_get("appendfsync").get("appendfsync", ""))
    except ResponseError:
        return ""


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
