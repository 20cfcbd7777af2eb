"""One way from an address to a client, of a server and of Sentinels."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.address import SENTINEL_PORT, Watched, watched
from bot.store.check import StoreUnfit, check_store

SECRET = "p4ss"
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
NAMES = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=20)
HOSTS = st.one_of(
    st.from_regex(r"[a-z]([a-z0-9-]{0,9}[a-z0-9])?(\.[a-z]{2,5})?", fullmatch=True),
    st.ip_addresses().map(lambda one: f"[{one}]" if one.version == 6 else str(one)),
)
SENTINELS = st.lists(st.tuples(HOSTS, st.none() | st.integers(1, 65535)), min_size=1, max_size=5)


@given(
    SENTINELS,
    NAMES,
    st.none() | st.integers(0, 15),
    st.none() | WORDS,
    st.none() | WORDS,
    st.none() | WORDS,
    st.booleans(),
)
def test_what_is_written_into_an_address_is_read_from_it(
    sentinels: list[tuple[str, int | None]],
    service: str,
    database: int | None,
    user: str | None,
    password: str | None,
    sentinels_own: str | None,
    encrypted: bool,
) -> None:
    scheme = "rediss+sentinel" if encrypted else "redis+sentinel"
    who = quote(user or "", safe="") + (f":{quote(password, safe='')}" if password else "")
    hosts = ",".join(host + (f":{port}" if port else "") for host, port in sentinels)
    url = f"{scheme}://{who}{'@' if who else ''}{hosts}/{service}"
    url += f"/{database}" if database is not None else ""
    url += f"?sentinel_password={quote(sentinels_own, safe='')}" if sentinels_own else ""
    found = watched(url)
    assert isinstance(found, Watched)
    assert found.sentinels == [
        (host.strip("[]"), port or SENTINEL_PORT) for host, port in sentinels
    ]
    assert found.service == service
    wanted = {"ssl": encrypted, "username": user, "password": password, "db": database}
    assert found.options == {name: one for name, one in wanted.items() if one is not None}
    # Whoever may enter the store is nobody to the Sentinels.
    assert found.asking.get("password") == sentinels_own
    assert "username" not in found.asking
    assert found.asking["ssl"] == encrypted


def test_options_are_for_the_servers_and_certificates_for_both() -> None:
    found = watched(
        "rediss+sentinel://one/city?ssl_ca_certs=/ca.pem&health_check_interval=7"
        "&sentinel_username=gateway&sentinel_password=s"
    )
    assert found
    assert found.options["health_check_interval"] == 7
    assert found.options["ssl_ca_certs"] == found.asking["ssl_ca_certs"] == "/ca.pem"
    assert (found.asking["username"], found.asking["password"]) == ("gateway", "s")
    assert not any(name.startswith("sentinel") for name in found.options)


@pytest.mark.parametrize("url", ["redis://one/0", "rediss://one", "unix:///run/store.sock"])
def test_a_server_is_no_service(url: str) -> None:
    assert watched(url) is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("one:26379", "starts with one of redis://"),
        (f"sentinel://u:{SECRET}@one/city", "redis+sentinel://, rediss+sentinel://"),
        (f"redis+sentinel://u:{SECRET}@one:26379", "lacks the name of the service"),
        (f"redis+sentinel://u:{SECRET}@one,two/", "lacks the name of the service"),
        (f"redis+sentinel://u:{SECRET}@/city", "no host:port"),
        (f"redis+sentinel://u:{SECRET}@one,,two/city", "no host:port"),
        (f"redis+sentinel://u:{SECRET}@one:0/city", "no host:port"),
        (f"redis+sentinel://u:{SECRET}@one:/city", "no host:port"),
        (f"redis+sentinel://u:{SECRET}@one:99999/city", "no host:port"),
        (f"redis+sentinel://u:{SECRET}@one:port/city", "no host:port"),
        # A slash that should have been written %2F: what follows is no service.
        (f"redis+sentinel://u:{SECRET}/2@one/city", "number of a database"),
        (f"redis+sentinel://u:{SECRET}@one/city/first", "number of a database"),
        (f"redis+sentinel://u:{SECRET}@one/city?socket_timeout=soon", "socket_timeout"),
    ],
)
def test_a_bad_address_is_one_sentence_that_gives_nothing_away(url: str, said: str) -> None:
    with pytest.raises(StoreUnfit) as refused:
        check_store(url)
    sentence = str(refused.value)
    assert sentence.startswith("REDIS_URL: ")
    assert sentence.endswith(".")
    assert said in sentence
    assert SECRET not in sentence
