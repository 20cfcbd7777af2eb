"""`python -m desk` as a process: what it prints, how it stops, what it says when it cannot."""

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import aiohttp
import pytest

from tests.desk.running import environment

SECONDS = 20


async def start(folder: Path, *arguments: str, **changes: str) -> Process:
    """A desk whose working folder has no `.env` but what a test puts there."""
    root = Path(__file__).parents[2]
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "desk", *arguments),
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(root), **environment(folder / "data", **changes)},
        stdout=PIPE,
        stderr=PIPE,
    )


async def link_of(process: Process) -> str:
    """Wait for the line that says the desk is ready."""
    assert process.stdout
    line = (await asyncio.wait_for(process.stdout.readline(), SECONDS)).decode()
    found = re.fullmatch(r"Desk: (http://127\.0\.0\.1:\d+/login/[\w-]{22})\n", line)
    assert found, line
    return found[1]


async def end(process: Process, number: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
    """Stop the desk; it must be gone within two seconds. Returns what else it wrote."""
    process.send_signal(number)
    out, err = await asyncio.wait_for(process.communicate(), 2)
    assert process.returncode == 0, err
    return out.decode(), err.decode()


async def refusal(process: Process, code: int) -> str:
    """What a desk that cannot run says: one sentence."""
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert (process.returncode, out) == (code, b""), err
    (sentence,) = err.decode().splitlines()
    assert sentence.endswith(".")
    return sentence


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_starts_and_stops(tmp_path: Path, number: signal.Signals) -> None:
    process = await start(tmp_path, LOG_FORMAT="json")
    link = await link_of(process)
    async with aiohttp.ClientSession() as http:
        async with http.get(link.split("/login")[0] + "/healthz") as response:
            assert response.status == 200
        out, err = await end(process, number)
    assert out == ""
    assert '"event": "ready"' in err
    assert "Traceback" not in err


async def test_a_restart_keeps_cases_sessions_and_changes(tmp_path: Path) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        first = await start(tmp_path)
        link = await link_of(first)
        desk = link.split("/login")[0]
        form = {"api_key": "the-key", "service_code": "gas", "address_string": "解放路"}
        async with http.post(f"{desk}/open311/v2/requests.json", data=form) as response:
            assert response.status == 200
        async with http.post(link) as response:
            csrf = (await response.text()).split('name="csrf" value="')[1].split('"')[0]
        change = {"csrf": csrf, "version": "1", "status": "accepted"}
        async with http.post(f"{desk}/cases/1", data=change) as response:
            assert response.status == 200
        first.kill()
        await first.communicate()
        second = await start(tmp_path)
        desk = (await link_of(second)).split("/login")[0]
        async with http.get(f"{desk}/cases/1") as response:
            page = await response.text()
        await end(second)
    assert 'name="version" value="2"' in page
    assert "已受理" in page


async def test_a_new_link_while_the_desk_runs(tmp_path: Path) -> None:
    process = await start(tmp_path)
    desk = (await link_of(process)).split("/login")[0]
    command = await start(tmp_path, "login", "李明", DESK_URL=desk, OPEN311_API_KEY="")
    link = await link_of(command)
    await command.communicate()
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as http, http.post(link) as response:
        assert "李明" in await response.text()
    await end(process)


async def test_no_login_link_into_a_desk_that_was_never_started(tmp_path: Path) -> None:
    """The settings of the running one were forgotten: a link into an empty desk helps nobody."""
    command = await start(tmp_path, "login", "李明", DESK_PORT="8081")
    assert "DATA_DIR" in await refusal(command, 1)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("length", "code"), [(40, 0), (41, 2)])
async def test_length_of_a_name_on_both_sides(tmp_path: Path, length: int, code: int) -> None:
    process = await start(tmp_path)
    await link_of(process)
    await end(process)
    command = await start(tmp_path, "login", "长" * length, DESK_PORT="8081")
    _, err = await asyncio.wait_for(command.communicate(), SECONDS)
    assert command.returncode == code
    assert ("at most 40 characters" in err.decode()) == (code == 2)


async def test_a_taken_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sentence = await refusal(await start(tmp_path, DESK_PORT=port), 1)
    assert f"127.0.0.1:{port}" in sentence


async def test_a_bad_setting(tmp_path: Path) -> None:
    sentence = await refusal(await start(tmp_path, OPEN311_API_KEY=""), 2)
    assert sentence.startswith("OPEN311_API_KEY")


async def test_settings_from_a_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TIMEZONE=Nowhere\n", encoding="utf-8")
    assert (await refusal(await start(tmp_path), 2)).startswith("TIMEZONE")
    process = await start(tmp_path, TIMEZONE="Asia/Shanghai")  # the environment wins
    await link_of(process)
    await end(process)


async def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way", encoding="utf-8")
    assert "cannot write its database" in await refusal(await start(tmp_path), 1)


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "data" / "desk").mkdir(parents=True)
    (tmp_path / "data" / "desk" / "desk.db").write_text("not a database" * 100, encoding="utf-8")
    assert "cannot use its database" in await refusal(await start(tmp_path), 1)
