"""Puts the routes together: GeoReport v2, the operators' pages, static files and health."""

from pathlib import Path

from aiohttp import web

from desk.context import DESK, Desk
from desk.open311 import routes as open311
from desk.pages import case, guard, listing, login, stopped

_STATIC = Path(__file__).parent / "pages" / "static"


def build_server(desk: Desk) -> web.Application:
    """The whole application for a desk; the sender is run by the caller."""
    server = web.Application(
        middlewares=[guard.headers, guard.failures, open311.errors, guard.sessions]
    )
    server[DESK] = desk
    server.router.add_get("/healthz", health)
    server.router.add_static("/static", _STATIC)
    for module in (open311, login, listing, case, stopped):
        module.add_routes(server.router)
    return server


async def health(request: web.Request) -> web.Response:
    """Well when the database answers."""
    desk = request.app[DESK]
    await desk.database.run(lambda connection: connection.execute("SELECT 1").fetchone())
    return web.json_response({"status": "ok"})
