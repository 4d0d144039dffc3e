"""What the containers share: a check that the image exists, and waits that fail with a reason."""

import time
from collections.abc import Callable
from typing import Any

from docker.errors import ImageNotFound
from testcontainers.core.config import ConnectionMode
from testcontainers.core.container import DockerContainer
from testcontainers.core.exceptions import ContainerStartException
from testcontainers.core.waiting_utils import WaitStrategy

POLL_SECONDS = 0.25
LOG_LINES = 30  # more than a Java stack trace
LOOPBACK = "127.0.0.1"


class LabContainer(DockerContainer):  # type: ignore[misc]  # untyped to mypy
    """A container of one of the lab's images.

    `service` is the service in compose.yaml that builds the image.
    """

    service: str
    ports: dict[str, Any]

    def _configure(self) -> None:
        """Prepare the container; `start` calls this before the container is created."""
        client = self.get_docker_client()
        try:
            client.client.images.get(self.image)
        except ImageNotFound:
            if "/" not in self.image:  # an image with a slash is pulled from a registry
                raise ContainerStartException(
                    f"{self.image}: this Docker engine has no such image; build it, in a checkout "
                    f"of the lab: docker compose build {self.service}"
                ) from None
        if client.get_connection_mode() is ConnectionMode.docker_host and client.host() in (
            "localhost",
            LOOPBACK,
        ):
            # By default Docker publishes on every interface of the host.
            self.ports = {port: host or (LOOPBACK, None) for port, host in self.ports.items()}

    def wait_until(
        self, condition: Callable[[], bool], timeout: float, failure: Callable[[], str]
    ) -> None:
        """Poll until `condition` is true.

        :param timeout: in seconds
        :param failure: returns what is missing, and a hint
        :raises TimeoutError: with this text, the container's status and its last log lines
        :raises ContainerStartException: the same, as soon as the container has ended
        """
        deadline = time.monotonic() + timeout
        while True:
            self.reload()
            # Ask this before the condition, because what the process did before it ended counts.
            ended = self.status in ("exited", "dead")
            if condition():
                return
            if ended:
                raise ContainerStartException(self._report(failure()))
            if time.monotonic() > deadline:
                raise TimeoutError(self._report(failure(), f" after {timeout:g} s"))
            time.sleep(POLL_SECONDS)

    def _report(self, failure: str, waited: str = "") -> str:
        container = self.get_wrapped_container()
        state = container.attrs["State"]
        code = f" with exit code {state['ExitCode']}" if state["Status"] == "exited" else ""
        log = container.logs(tail=LOG_LINES).decode(errors="replace").splitlines()
        return "\n".join(
            [
                f"{self.image}, {state['Status']}{code}{waited}: {failure}",
                f"its last {len(log)} log lines:",
                *(f"  {line}" for line in log),
            ]
        )


class Ready(WaitStrategy):  # type: ignore[misc]  # untyped to mypy
    """Waits until the container's `is_ready` is true; see `WaitStrategy` for the time-out."""

    def __init__(self, failure: str) -> None:
        super().__init__()
        self._failure = failure

    def wait_until_ready(self, container: "LabContainer") -> None:
        """Wait for the container; `start` calls this."""
        container.wait_until(container.is_ready, self._startup_timeout, lambda: self._failure)
