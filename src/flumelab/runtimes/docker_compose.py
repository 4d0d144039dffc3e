"""The `docker compose` command, with the environment that compose.yaml needs."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from flumelab import settings
from flumelab.errors import LabError
from flumelab.lessons.catalogue import SECOND, SERVICES
from flumelab.runtimes.servers import SERVERS
from flumelab.settings import Settings

ERROR_LINES = 15
ENGINE_SECONDS_MAX = 20
METRICS = "metrics"
"""The profile of Prometheus, which a user starts beside a lesson."""


def engine_version() -> str | None:
    """Return the version of the Docker engine; None if no engine answers."""
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ENGINE_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


class DockerCompose:
    """compose.yaml, or other files, under a project name: by default the lab's.

    :param files: the files of Compose, if they are not compose.yaml
    """

    def __init__(self, settings: Settings, project: str = "", files: Sequence[Path] = ()) -> None:
        self._settings = settings
        self._base = ["docker", "compose", "--project-name", project or settings.project]
        if files:
            self._base += ["--project-directory", str(settings.root)]
        for file in files:
            self._base += ["--file", str(file)]

    def output(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Run a command and return what it prints; raises `LabError` with the end of its errors."""
        done = self.run(arguments, environment, capture=True)
        if done.returncode:
            end = "\n".join(f"  {line}" for line in done.stderr.splitlines()[-ERROR_LINES:])
            raise LabError(f"docker compose {arguments[0]} failed:\n{end}")
        return done.stdout

    def output_in(self, service: str, command: Sequence[str]) -> str:
        """Run a command in a service's container and return what it prints."""
        return self.output("exec", "-T", service, *command)

    def run(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        capture: bool = False,
        stdin: int | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, whatever its exit code."""
        try:
            return subprocess.run(
                [*self._base, *arguments],
                cwd=self._settings.root,
                env={**self._variables(), **(environment or {})},
                stdin=stdin,
                capture_output=capture,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise LabError("docker is not installed; install it, or use --runtime local") from None

    def _variables(self) -> dict[str, str]:
        ports = {port.variable: str(port.number) for port in self._settings.ports("docker")}
        # All profiles, so that a command finds whichever lesson is up; `up` chooses some of them.
        profiles = ",".join((*SERVICES, SECOND, *SERVERS, METRICS))
        chosen = {**settings.preset(self._settings.root), **os.environ}
        return {
            **chosen,
            **ports,
            "LAB_IMAGES": self._settings.images,
            "COMPOSE_PROFILES": profiles,
        }
