"""Asks a part of the lab for JSON over HTTP, again and again over one connection."""

import http.client
import json
from typing import Any

SECONDS_MAX = 0.8
"""A part that answers later counts as not answering; a sample must not wait longer."""
BYTES_MAX = 16 << 20  # no answer of a part is as long; a wrong peer must not fill the memory


class NotThere(Exception):
    """Nobody answers, or the answer is no JSON."""


class NotFound(Exception):
    """The part answers, but has nothing under this path."""


class JsonServer:
    """A part of the lab that answers at host and port."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Any:
        """Return the JSON at a path; raises `NotThere` and `NotFound`."""
        again = self._connection is not None  # a kept connection may have been closed meanwhile
        try:
            return self._get(path)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            if not again or isinstance(error, TimeoutError):
                raise NotThere(str(error)) from error
        try:
            return self._get(path)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise NotThere(str(error)) from error

    def close(self) -> None:
        """Close the connection; the next `get` opens a new one."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _get(self, path: str) -> Any:
        if not self._connection:
            self._connection = http.client.HTTPConnection(
                self._host, self._port, timeout=SECONDS_MAX
            )
        self._connection.request("GET", path, headers={"Accept": "application/json"})
        response = self._connection.getresponse()
        body = response.read(BYTES_MAX)
        if response.status == 404:
            raise NotFound(path)
        if response.status != 200:
            raise ValueError(f"{path}: status {response.status}")
        return json.loads(body)
