"""Runs the page's web server and its sampler until SIGINT or SIGTERM."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol

import uvicorn
from starlette.applications import Starlette

from flumelab.errors import LabError
from flumelab.page.control import Control
from flumelab.page.events import Latest
from flumelab.page.server import application

HEADER_BYTES_MAX = 16 << 10
STOP_SECONDS_MAX = 1

Tell = Callable[[Mapping[str, Any]], None]
"""Called with each new state, in the sampler's thread."""


class AnySampler(Protocol):
    """What samples a lab, or asks another page's server."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""

    def history_json(self) -> Mapping[str, Any]:
        """The last ten minutes."""


SamplerOf = Callable[[Tell], AnySampler]


def serve(
    sampler_of: SamplerOf,
    address: tuple[str, int],
    control: Control,
    hosts: Sequence[str],
    serving: Callable[[str], object],
) -> None:
    """Serve until a signal; raises `LabError` if the port is in use.

    :param hosts: see `flumelab.page.server.application`
    :param serving: called with the page's address once it can be opened
    """
    asyncio.run(_serve(sampler_of, address, control, hosts, serving))


async def _serve(
    sampler_of: SamplerOf,
    address: tuple[str, int],
    control: Control,
    hosts: Sequence[str],
    serving: Callable[[str], object],
) -> None:
    with listening(*address) as listener:
        latest, loop = Latest(control.describe), asyncio.get_running_loop()

        def tell(state: Mapping[str, Any]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(latest.put, state)

        sampler = sampler_of(tell)
        config = config_of(application(sampler.history_json, latest, control, hosts))
        token = f"#token={control.token}" if control.enabled else ""
        async with _sampling(sampler):
            serving(f"http://{address[0]}:{address[1]}/{token}")
            await PageServer(config, latest).serve(sockets=[listener])


class PageServer(uvicorn.Server):
    """Ends the streams of events before it waits for its connections to end."""

    def __init__(self, config: uvicorn.Config, latest: Latest) -> None:
        super().__init__(config)
        self._latest = latest

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; uvicorn calls it after SIGINT and SIGTERM."""
        self._latest.close()
        await super().shutdown(sockets)


def config_of(app: Starlette) -> uvicorn.Config:
    """Return the web server's settings: no log, short headers, a quick end."""
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        http="h11",
        ws="none",
        h11_max_incomplete_event_size=HEADER_BYTES_MAX,
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )


@contextlib.asynccontextmanager
async def _sampling(sampler: AnySampler) -> AsyncIterator[None]:
    sampler.start()
    try:
        yield
    finally:
        await asyncio.to_thread(sampler.stop)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises `LabError` if the port is in use."""
    try:
        return socket.create_server((host, port), backlog=128)
    except OSError as error:
        raise LabError(
            f"port {port} of {host}: {error.strerror}; end what listens there, or choose another "
            "port with --port or LAB_PAGE_PORT"
        ) from None
