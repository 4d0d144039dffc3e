"""What the page can do to the lab, if it was started with --control.

Each action is one of the lab's own commands, which the page shows. A change needs a POST with JSON,
from the page itself (its origin), with the token that only the address printed at the start has.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

BODY_BYTES_MAX = 4096
TOKEN_HEADER = "x-lab-token"  # noqa: S105 - the header's name


class ActionRefused(Exception):
    """An action that cannot be done; the message says why, and what to do instead."""


class Control:
    """The actions that are allowed; this one allows none."""

    enabled = False

    def __init__(self, token: str | None = None) -> None:
        self.token = token or secrets.token_urlsafe(24)

    def describe(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the state says about the actions: the fields of `Controls`."""
        return {"enabled": False, "actions": [], "why": ""}

    async def answer(self, request: Request, state: Mapping[str, Any] | None) -> Response:
        """Do what a request asks for, or refuse it."""
        if refused := self._refused(request):
            return refused
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > BODY_BYTES_MAX:
                return _error(413, f"the body is longer than {BODY_BYTES_MAX} bytes")
        try:
            asked = json.loads(body)
            if not isinstance(asked, dict):
                raise ValueError
        except ValueError:
            return _error(400, 'the body is not a JSON object such as {"action": "feed"}')
        try:
            if state is None:
                raise ActionRefused("the first sample is not taken yet; ask again in a second")
            return JSONResponse(await self.do(asked, state), 202)
        except ActionRefused as error:
            return _error(409, str(error))

    async def do(self, asked: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        """Do it; return what the page shows."""
        raise ActionRefused("this page only shows; flumelab page --control acts")

    def _refused(self, request: Request) -> Response | None:
        if not self.enabled:
            return _error(403, "this page only shows; flumelab page --control acts")
        own = f"{request.url.scheme}://{request.headers.get('host', '')}"
        if request.headers.get("origin") != own:
            return _error(403, "only the page itself may ask for this")
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return _error(415, "send application/json")
        given = request.headers.get(TOKEN_HEADER, "")
        if not secrets.compare_digest(given.encode(), self.token.encode()):
            return _error(403, "the token is missing or wrong; open the address that was printed")
        return None


def _error(status: int, error: str) -> Response:
    return JSONResponse({"error": error}, status)
