"""The image and the compose file: they parse, name what there is, and every service starts as told.

Each service of ``compose.yaml`` runs here as a process with its environment and its volumes, so
that one that lacks a key or writes where it may not is found without containers.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import orjson
import pytest

from bot import valkey
from bot.supervisor import WORKERS
from bot.vault.access import ROLES as STORE_ROLES
from bot.vault.access import USERS, access_file
from tests.deployed import (
    COMPOSE,
    PASSWORDS,
    ROOT,
    SERVICES,
    VARIABLE,
    Service,
    answers,
    free_place,
    here,
)
from tests.test_env_example import desk_names, gateway_names

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
ROLES = {"all", "bot", "desk", *WORKERS}


def instructions(word: str) -> list[str]:
    """What follows this word in the Dockerfile, continued lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^(?:    )?{word}\s+(.+)$", joined, re.MULTILINE)


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_a_role_and_knows_its_settings(name: str) -> None:
    service = SERVICES[name]
    assert service["command"] == [name]
    assert name in ROLES
    known = desk_names() if name == "desk" else gateway_names()
    assert set(service["environment"]) <= known


def test_all_roles_have_a_service_and_all_options_are_settings() -> None:
    assert set(SERVICES) == ROLES - {"all"}
    options = {name for name, _, _ in VARIABLE.findall((ROOT / "compose.yaml").read_text("utf-8"))}
    passwords = {f"STORE_PASSWORD_{role.upper()}" for role in STORE_ROLES}
    assert options <= gateway_names() | desk_names() | passwords


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_each_service_is_locked_down(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("user", "1").startswith("0")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_secrets_go_only_where_they_are_needed() -> None:
    def holders(name: str) -> set[str]:
        return {
            service
            for service, what in SERVICES.items()
            if f"${{{name}" in str(what["environment"].get(name))
        }

    def knows_the_password_of(service: str) -> set[str]:
        address = str(SERVICES[service]["environment"].get("REDIS_URL"))
        return {role for role in STORE_ROLES if f"STORE_PASSWORD_{role.upper()}" in address}

    assert {service: knows_the_password_of(service) for service in SERVICES} == {
        **{role: {role} for role in STORE_ROLES},
        "desk": set(),
    }
    assert holders("CONVERSATION_KEY") == {"bot"}
    assert holders("RECEIPT_KEY") == {"bot"}
    assert holders("PROGRESS_KEY") == {"bot", "notices"}
    assert holders("MEDIA_LINK_KEY") == {"bot", "push"}
    assert holders("FETCH_KEY") == {"bot", "media"}
    assert holders("HANDOFF_KEY") == {"notices", "delivery"}
    assert holders("CASE_HOOK_SECRET") == {"bot", "desk"}
    assert holders("OPERATOR_KEY") == {"bot", "desk"}
    assert holders("OPEN311_API_KEY") == {"push", "desk"}
    assert holders("CASE_WEBHOOK_SECRET") == {"push"}
    assert holders("BOT_TOKEN") == {"bot", "media", "delivery"}


def test_folders_are_shared_only_where_they_are_needed() -> None:
    mounted = {name: what["volumes"] for name, what in SERVICES.items() if "volumes" in what}
    assert mounted == {
        "bot": [
            "outer-public:/data/keys/public/outer:ro",
            "inner-public:/data/keys/public/inner:ro",
            "media:/data/media",
            "in-hand:/data/in_hand",
        ],
        "media": ["media:/data/media"],
        "notices": ["outer:/data/keys/private/outer", "outer-public:/data/keys/public/outer"],
        "delivery": ["inner:/data/keys/private/inner", "inner-public:/data/keys/public/inner"],
        "desk": ["desk:/data/desk"],
    }
    assert set(COMPOSE["volumes"]) == {
        *("store", "media", "in-hand", "desk"),
        *("outer", "outer-public", "inner", "inner-public"),
    }


def test_the_store_keeps_what_it_is_told() -> None:
    words = COMPOSE["services"]["store"]["command"]
    pairs = dict(zip(words[1::2], words[2::2], strict=True))
    assert pairs["--appendonly"] == "yes"
    assert pairs["--appendfsync"] == "always"
    assert pairs["--maxmemory-policy"] == "noeviction"
    mounted = [volume.split(":") for volume in COMPOSE["services"]["store"]["volumes"]]
    assert ["./users.acl", pairs["--aclfile"], "ro"] in mounted


def test_the_command_makes_users_whose_passwords_it_prints_once(tmp_path: Path) -> None:
    """The file holds their hashes, and is not written over."""
    command = [sys.executable, "-m", "bot", "acl", str(tmp_path / "users.acl")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = dict(line.split("=") for line in ran.stdout.splitlines())
    passwords = {user: lines[f"STORE_PASSWORD_{user.upper()}"] for user in USERS}
    written = (tmp_path / "users.acl").read_text()
    assert written == access_file(passwords)
    assert not any(password in written for password in passwords.values())
    for path in (tmp_path / "users.acl", tmp_path / "no" / "folder"):
        again = subprocess.run(
            [*command[:-1], str(path)], cwd=ROOT, capture_output=True, check=False
        )
        assert again.returncode == 2
        assert again.stderr.count(b"\n") == 1
    assert (tmp_path / "users.acl").read_text() == written


def test_the_image_is_pinned_and_not_root() -> None:
    assert re.search(r"--require-hashes -r (\S+)", DOCKERFILE)
    assert (ROOT / "requirements.lock").read_text("utf-8").count("--hash=sha256:") > 50
    user = instructions("USER")[-1]
    assert user.split(":")[0] not in {"0", "root"}
    assert f"--uid {user.split(':')[0]} " in DOCKERFILE
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    named = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    assert {"bot", "config", "desk", "handlers", "locales", "workers"} <= named
    assert all((ROOT / name).exists() for name in named)


def test_an_unknown_role_is_refused_in_one_sentence() -> None:
    entry = orjson.loads(instructions("ENTRYPOINT")[0])
    assert entry[0] == "python"
    ran = subprocess.run(
        [sys.executable, *entry[1:], "nonsense"], cwd=ROOT, capture_output=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.decode().count("\n") == 1
    assert all(role.encode() in ran.stderr for role in ROLES)


@pytest.fixture(scope="module")
def store_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store with the users that ``python -m bot acl`` makes."""
    folder, place = tmp_path_factory.mktemp("store"), free_place()
    words = valkey.command(folder, access_file(PASSWORDS))
    process = subprocess.Popen([*words, "--port", place.rpartition(":")[2]])
    try:
        valkey.wait_until_ready(process, folder)
        yield place
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def places(store_place: str) -> dict[str, str]:
    """Where the names and ports of the compose file are on this machine."""
    return {
        "store:6379": store_place,
        "bot:8080": free_place(),
        "desk:8081": free_place(),
    }


@pytest.fixture(scope="module")
def services(
    tmp_path_factory: pytest.TempPathFactory, places: dict[str, str]
) -> Iterator[dict[str, Service]]:
    """All services, ready."""
    folder = tmp_path_factory.mktemp("services")
    started: dict[str, Service] = {}
    try:
        for name in ("desk", "bot", *WORKERS):
            started[name] = Service(name, folder, places)
        for service in started.values():
            service.until_ready(places)
        yield started
    finally:
        for service in started.values():
            service.process.terminate()
        for service in started.values():
            service.process.wait(20)


def test_every_service_runs_on_what_it_is_given(services: dict[str, Service]) -> None:
    for service in services.values():
        assert service.process.poll() is None
        assert service.written() == set(), service.name


def test_each_custodian_makes_its_own_keys_and_the_bot_has_the_public_ones_alone(
    services: dict[str, Service],
) -> None:
    def held(service: str) -> set[str]:
        keys = services[service].data / "keys"
        return {
            "/".join(path.relative_to(keys).parts[:2])
            for path in keys.glob("*/*/*")
            if path.name.startswith("20")
        }

    assert held("bot") == {"public/outer", "public/inner"}
    assert held("notices") == {"private/outer", "public/outer"}
    assert held("delivery") == {"private/inner", "public/inner"}
    assert held("push") == held("media") == set()
    private = [
        path
        for service in ("notices", "delivery")
        for path in (services[service].data / "keys" / "private").glob("*/20*")
    ]
    assert len(private) == 4  # this month and the next
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)


def test_the_health_check_tells_well_from_ill(
    services: dict[str, Service], places: dict[str, str]
) -> None:
    words = orjson.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])
    assert words[0] == "python"

    def check(place: str) -> int:
        port = place.rpartition(":")[2]
        command = [sys.executable, *words[1:]]
        ran = subprocess.run(command, env={"PORT": port}, capture_output=True, check=False)
        return ran.returncode

    assert check(places["bot:8080"]) == 0
    assert check(free_place()) != 0


def test_push_finds_the_desk_and_the_desk_finds_the_hook(
    services: dict[str, Service], places: dict[str, str]
) -> None:
    assert set(services) == set(SERVICES)
    open311 = here(SERVICES["push"]["environment"]["OPEN311_URL"], places)
    assert answers(f"{open311}/services.json")
    hook = here(SERVICES["desk"]["environment"]["CASE_HOOK_URL"], places)
    with pytest.raises(HTTPError) as refused:
        urlopen(hook, data=b"{}", timeout=5)
    refused.value.close()
    assert refused.value.code == 401  # it is there, and takes nothing unsigned


def test_the_desk_is_told_of_stopped_work_and_nobody_else_is(
    services: dict[str, Service], places: dict[str, str]
) -> None:
    given = SERVICES["desk"]["environment"]
    door = here(given["OPERATORS_URL"], places)
    headers = {"Authorization": f"Bearer {here(given['OPERATOR_KEY'], places)}"}
    assert services["bot"].process.poll() is None
    with urlopen(Request(door, headers=headers), timeout=5) as answer:
        assert orjson.loads(answer.read()) == {"counts": {}, "parked": []}
    with pytest.raises(HTTPError) as refused:
        urlopen(door, timeout=5)
    refused.value.close()
    assert refused.value.code == 401
