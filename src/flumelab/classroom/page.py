"""The page of a class: how far each learner is. It only shows.

    python -m flumelab.classroom.page FOLDER PORT

serves it on loopback until SIGTERM. Learners have the names that they chose, or else a number.
"""

import asyncio
import os
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import psutil
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flumelab import settings
from flumelab.classroom import progress_seen, roll
from flumelab.classroom.roll import Roll
from flumelab.errors import LabError
from flumelab.learn import read, turns
from flumelab.learn.exercise import Exercise, Kind
from flumelab.page.guard import Guard
from flumelab.page.serve import config_of, listening
from flumelab.page.server import TYPES
from flumelab.settings import LOOPBACK

HOSTS = frozenset(("localhost", LOOPBACK, "[::1]"))
ASSETS = ("index.html", "class.css", "class.js")


def state(of: Roll, exercises: list[Exercise]) -> dict[str, Any]:
    """Return what the page shows: the learners, the exercises and the machine."""
    names = [each.name for each in exercises]
    memory = psutil.virtual_memory()
    return {
        "time": time.time(),
        "exercises": [
            {"name": each.name, "title": each.title, "find": each.kind is Kind.FIND}
            for each in exercises
        ],
        "learners": [vars(seen) for seen in progress_seen.of_all(of, names)],
        "checks": {"running": turns.taken(of.folder / "turns"), "at_once": of.checks},
        "machine": {
            "memory": memory.total,
            "available": memory.available,
            "cores": os.cpu_count() or 1,
            "load": os.getloadavg()[0],
        },
    }


def application(of: Roll, exercises: list[Exercise]) -> Starlette:
    """Return the page's application."""

    async def answer(_request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(state, of, exercises))

    app = Starlette(
        routes=[Route("/api/v1/class", answer), *(_asset(name) for name in ASSETS)],
        middleware=[Middleware(Guard, hosts=HOSTS)],
    )
    app.router.redirect_slashes = False
    return app


def _asset(name: str) -> Route:
    body = files("flumelab.classroom").joinpath("assets", name).read_bytes()
    media = TYPES[name.rpartition(".")[2]]

    async def answer(_request: Request) -> Response:
        return Response(body, media_type=media, headers={"Cache-Control": "no-cache"})

    return Route("/" if name == "index.html" else f"/{name}", answer)


async def _serve(folder: Path, port: int) -> None:
    of = roll.read(folder)
    if of is None:
        raise LabError(f"{folder} has no class; flumelab classroom up makes one")
    app = application(of, read.all_of(settings.load().root))
    with listening(LOOPBACK, port) as listener:
        await uvicorn.Server(config_of(app)).serve(sockets=[listener])


if __name__ == "__main__":
    try:
        asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
    except LabError as error:
        sys.exit(f"flumelab: {error}")
