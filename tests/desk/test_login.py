"""Who gets in: one-time links, sessions, and forms that come from our own page."""

from pathlib import Path

from desk import logins
from tests.desk.running import RunningDesk


async def is_inside(desk: RunningDesk) -> bool:
    async with desk.http.get(desk.url + "/", allow_redirects=False) as response:
        return response.status == 200


async def use(desk: RunningDesk, link: str) -> int:
    async with desk.http.post(desk.url + link, allow_redirects=False) as response:
        return response.status


async def test_nothing_is_shown_outside(desk: RunningDesk) -> None:
    number = await desk.open(description="通道堵塞")
    for path in ("/", f"/cases/{number}", "/nothing"):
        async with desk.http.get(desk.url + path) as response:
            assert response.url.path == "/login"
            assert "通道堵塞" not in await response.text()
    async with desk.http.post(f"{desk.url}/cases/{number}", allow_redirects=False) as response:
        assert response.headers["Location"] == "/login"


async def test_a_link_works_once(desk: RunningDesk) -> None:
    link = await desk.link()
    assert await use(desk, link) == 303
    assert await is_inside(desk)
    desk.http.cookie_jar.clear()
    assert await use(desk, link) == 403
    assert not await is_inside(desk)


async def test_looking_at_a_link_does_not_spend_it(desk: RunningDesk) -> None:
    link = await desk.link()
    assert f'action="{link}"' in await desk.page(link)
    async with desk.http.head(desk.url + link) as response:
        assert response.status == 200
    assert not await is_inside(desk)
    assert await use(desk, link) == 303


async def test_a_link_lives_for_half_an_hour(desk: RunningDesk) -> None:
    early, late = await desk.link(), await desk.link()
    desk.offset = logins.LINK_SECONDS - 5
    assert await use(desk, early) == 303
    desk.offset = logins.LINK_SECONDS + 5
    assert await use(desk, late) == 403


async def test_a_session_lives_for_twelve_hours(desk: RunningDesk) -> None:
    await desk.log_in()
    desk.offset = logins.SESSION_SECONDS - 5
    assert await is_inside(desk)
    desk.offset = logins.SESSION_SECONDS + 5
    assert not await is_inside(desk)


async def test_logging_out(desk: RunningDesk) -> None:
    await desk.log_in()
    cookies = {cookie.key: cookie.value for cookie in desk.http.cookie_jar}
    async with desk.http.post(f"{desk.url}/logout", data={"csrf": await desk.csrf()}) as response:
        assert response.url.path == "/login"
    desk.http.cookie_jar.update_cookies(cookies)  # a copied cookie is worth nothing now
    assert not await is_inside(desk)


async def test_the_cookie_is_kept_from_scripts_and_other_sites(desk: RunningDesk) -> None:
    async with desk.http.post(desk.url + await desk.link(), allow_redirects=False) as response:
        cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie


async def test_the_cookie_is_kept_to_https_where_the_desk_has_it(tmp_path: Path) -> None:
    async with RunningDesk.at(tmp_path, DESK_URL="https://desk.example") as desk:
        link = desk.url + await desk.link()
        response = await desk.http.post(link, allow_redirects=False)
        assert "Secure" in response.headers["Set-Cookie"]
        response.release()


async def test_only_hashes_are_stored(desk: RunningDesk, tmp_path: Path) -> None:
    unused = (await desk.link()).removeprefix("/login/")
    await desk.log_in()
    (session,) = [cookie.value for cookie in desk.http.cookie_jar]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "desk").iterdir())
    assert len(unused) == len(session) == 22  # 128 bits
    assert unused.encode() not in kept
    assert session.encode() not in kept


async def test_a_form_without_our_token_changes_nothing(desk: RunningDesk) -> None:
    number = await desk.open()
    await desk.log_in()
    form = {"version": "1", "status": "accepted", "note": ""}
    for forged in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "伪造"}):
        for path in (f"/cases/{number}", "/logout"):
            async with desk.http.post(desk.url + path, data={**form, **forged}) as response:
                assert response.status == 403
                assert "表单已失效" in await response.text()
    assert (await desk.get(f"requests/{number}.json"))[0]["status"] == "open"
    assert await is_inside(desk)
    assert "已受理" not in await desk.page(f"/cases/{number}")


async def test_the_token_of_one_session_is_no_good_in_another(desk: RunningDesk) -> None:
    await desk.log_in()
    other = await desk.csrf()
    desk.http.cookie_jar.clear()
    await desk.log_in()
    assert await desk.csrf() != other
    async with desk.http.post(f"{desk.url}/logout", data={"csrf": other}) as response:
        assert response.status == 403


async def test_what_the_browser_may_load(tmp_path: Path) -> None:
    async with RunningDesk.at(tmp_path, GATEWAY_URL="https://chat.example") as desk:
        await desk.log_in()
        for path in ("/", "/login", "/static/desk.css"):
            async with desk.http.get(desk.url + path) as response:
                policy = response.headers["Content-Security-Policy"].split("; ")
            assert "default-src 'none'" in policy
            assert "img-src 'self' https://chat.example" in policy
            assert "media-src 'self' https://chat.example" in policy
            assert "script-src 'self'" in policy
            assert response.headers["Referrer-Policy"] == "no-referrer"
