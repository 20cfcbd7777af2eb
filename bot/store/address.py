"""How an address becomes a client, blocking or not: of one server, or of whichever is the primary.

``redis://``, ``rediss://`` and ``unix://`` name a server. Sentinels are named by

``redis+sentinel://[user:password@]host[:port],host[:port],…/service[/db][?option=value&…]``

and ``rediss+sentinel://`` (TLS to servers and Sentinels), as other programmes do. User, password,
database and options are those of the servers. Sentinels have users of their own: the options
``sentinel_username`` and ``sentinel_password``; without them they are asked as nobody.

Who the primary is, the client's library asks the Sentinels whenever it connects.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from redis import ConnectionPool as BlockingPool
from redis import Redis as BlockingRedis
from redis import sentinel as blocking_sentinel
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio import retry as waiting_retry
from redis.asyncio import sentinel as waiting_sentinel
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry as BlockingRetry

CONNECT_SECONDS = 3
# A Sentinel that takes longer is passed over for the next one.
SENTINEL_SECONDS = 1.0
SENTINEL_PORT = 26379
_SENTINELS = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
_SERVERS = ("redis", "rediss", "unix")
_HOSTS = "write redis+sentinel://host:port,host:port/service"


class Watched(Struct, frozen=True):
    """A service that Sentinels watch; `options` are for its servers, `asking` for the Sentinels."""

    sentinels: list[tuple[str, int]]
    service: str
    options: dict[str, Any]
    asking: dict[str, Any]


def pool(url: str, **options: Any) -> ConnectionPool:
    """Connections for an event loop; nothing is sent yet. Raises ValueError with a sentence."""
    options = {"socket_connect_timeout": CONNECT_SECONDS} | options
    found = watched(url)
    if found is None:
        return ConnectionPool.from_url(url, **options)
    asking = found.asking | {"retry": waiting_retry.Retry(NoBackoff(), 0)}
    sentinels = waiting_sentinel.Sentinel(found.sentinels, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    return _Primary(found.service, sentinels, **options | found.options)  # type: ignore[no-untyped-call]


def client(url: str, **options: Any) -> Redis:
    """A client for an event loop. Raises ValueError with a sentence."""
    return Redis.from_pool(pool(url, **options))


def blocking_client(url: str, **options: Any) -> BlockingRedis:
    """A client for a thread. Raises ValueError with a sentence."""
    options = {"socket_connect_timeout": CONNECT_SECONDS} | options
    found = watched(url)
    if found is None:
        return BlockingRedis.from_pool(BlockingPool.from_url(url, **options))
    asking = found.asking | {"retry": BlockingRetry(NoBackoff(), 0)}
    sentinels = blocking_sentinel.Sentinel(found.sentinels, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    primary = _BlockingPrimary(found.service, sentinels, **options | found.options)  # type: ignore[no-untyped-call]
    return BlockingRedis.from_pool(primary)


def watched(url: str) -> Watched | None:
    """What an address of Sentinels says, None for that of a server.

    Raises ValueError with a sentence, in which no part of the address stands: there may be a
    password in the wrong place.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in (*_SENTINELS, *_SERVERS):
        known = ", ".join(f"{one}://" for one in (*_SERVERS, *_SENTINELS))
        raise ValueError(f"it starts with one of {known}")
    if scheme not in _SENTINELS:
        return None
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    user, _, hosts = authority.rpartition("@")
    service, _, database = path.partition("/")
    if not service:
        raise ValueError(f"it lacks the name of the service that the Sentinels watch; {_HOSTS}")
    if database and not database.isdecimal():
        raise ValueError("what follows the name of the service is the number of a database")
    sentinels = [_host(one) for one in hosts.split(",")]
    options: dict[str, Any] = {**parse_url(f"redis:///{database}?{query}")}  # type: ignore[no-untyped-call]
    options["ssl"] = _SENTINELS[scheme] == "rediss"
    for name, value in zip(("username", "password"), user.split(":", 1), strict=False):
        if value:
            options[name] = unquote(value)
    return Watched(sentinels, unquote(service), *_parted(options))


def _host(given: str) -> tuple[str, int]:
    try:
        parsed = urlsplit(f"//{given}")
        host, port = parsed.hostname, parsed.port
    except ValueError:
        host, port = None, None
    if not host or port == 0 or given.endswith(":"):
        raise ValueError(f"one of the Sentinels is no host:port; {_HOSTS}")
    return host, port or SENTINEL_PORT


def _parted(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is for the servers, and what is for the Sentinels; TLS is for both."""
    servers = dict(options)
    asking = {name: value for name, value in options.items() if name.startswith("ssl")}
    asking |= {"socket_connect_timeout": SENTINEL_SECONDS, "socket_timeout": SENTINEL_SECONDS}
    for name in ("username", "password"):
        if (value := servers.pop(f"sentinel_{name}", None)) is not None:
            asking[name] = value
    return servers, asking


class _Primary(waiting_sentinel.SentinelConnectionPool):
    """Closes the connections to the Sentinels with its own."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        await super().disconnect(inuse_connections)
        if inuse_connections:
            await self.sentinel_manager.aclose()


class _BlockingPrimary(blocking_sentinel.SentinelConnectionPool):
    """The same for a thread."""

    def disconnect(self, inuse_connections: bool = True) -> None:
        super().disconnect(inuse_connections)
        if inuse_connections:
            self.sentinel_manager.close()
