"""The page's web server: its routes, and which requests it refuses.

Nothing but a POST to /api/v1/actions changes anything, and that needs the control token (see
`control`). The files of the page are read once, by name: no request's path reaches the disk.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flumelab.page.control import Control
from flumelab.page.events import EventStream, Latest
from flumelab.page.guard import Guard

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
ASSETS = (
    "index.html", "page.css", "flow.css", "page.js", "flow.js", "charts.js", "windows.js",
    "control.js", "format.js", "icon.svg", "vendor/uPlot.iife.min.js", "vendor/uPlot.min.css",
    "vendor/uPlot.LICENSE.txt",
)  # fmt: skip


def application(
    history: Callable[[], Mapping[str, Any]], latest: Latest, control: Control, hosts: Sequence[str]
) -> Starlette:
    """Return the application.

    :param history: returns the last ten minutes
    :param hosts: the names under which a browser may ask for the page; another one is refused, as
        a foreign page could point its own name at this address
    """

    async def state(_request: Request) -> Response:
        if latest.json is None:
            return _refuse(503, "the first sample is not taken yet; ask again in a second")
        return Response(latest.json, media_type="application/json")

    async def last_minutes(_request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(history))

    async def act(request: Request) -> Response:
        return await control.answer(request, latest.state)

    routes = [
        Route("/api/v1/state", state),
        Route("/api/v1/history", last_minutes),
        Route("/api/v1/events", EventStream(latest), methods=["GET"]),
        Route("/api/v1/actions", act, methods=["POST"]),
        *(_asset(name) for name in ASSETS),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, hosts=frozenset(hosts))],
        exception_handlers={404: _not_found, 405: _not_allowed},
    )
    app.router.redirect_slashes = False
    return app


def _asset(name: str) -> Route:
    body = files("flumelab.page").joinpath("assets", *name.split("/")).read_bytes()
    media = TYPES[name.rpartition(".")[2]]

    async def answer(_request: Request) -> Response:
        return Response(body, media_type=media, headers={"Cache-Control": "no-cache"})

    return Route("/" if name == "index.html" else f"/{name}", answer)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return _refuse(404, "there is nothing here; the page is at /, its state at /api/v1/state")


async def _not_allowed(_request: Request, _error: Exception) -> Response:
    return _refuse(405, "this path takes another method; see the reference of the page's API")


def _refuse(status: int, error: str) -> Response:
    return Response(json.dumps({"error": error}), status, media_type="application/json")
