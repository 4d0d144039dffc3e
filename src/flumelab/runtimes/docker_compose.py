"""The `docker compose` command, with the environment that compose.yaml needs."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from flumelab import settings
from flumelab.errors import LabError
from flumelab.lessons.catalogue import SECOND, SERVICES
from flumelab.runtimes.servers import SERVERS
from flumelab.settings import Settings

ERROR_LINES = 15
ENGINE_SECONDS_MAX = 20
INTERRUPT_SECONDS_MAX = 5
NO_DOCKER = "docker is not installed; install it, or use --runtime local"
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
        self._project = project or settings.project
        self._base = ["docker", "compose", "--project-name", self._project]
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
                env={**os.environ, **self._variables(), **(environment or {})},
                stdin=stdin,
                capture_output=capture,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise LabError(NO_DOCKER) from None

    def run_through(self, arguments: Sequence[str], change: Callable[[str], str]) -> int:
        """Run a command, print each line that it prints changed, and return its exit code.

        An interrupt waits for its end, which comes as the terminal has told it, too.
        """
        try:
            process = subprocess.Popen(
                [*self._base, *arguments],
                cwd=self._settings.root,
                env={**os.environ, **self._variables()},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        except FileNotFoundError:
            raise LabError(NO_DOCKER) from None
        assert process.stdout and process.stderr
        pairs = ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
        copies = [threading.Thread(target=_copy, args=(*pair, change)) for pair in pairs]
        for copy in copies:
            copy.start()
        try:
            process.wait()
        except KeyboardInterrupt:
            _end(process)
            raise
        finally:
            for copy in copies:
                copy.join()
        return process.returncode

    def keep_and_remove(self, container: str, inside: str, place: Path) -> None:
        """Copy a folder out of a container that has ended, if it has one, and remove both."""
        copy = ["docker", "cp", f"{container}:{inside}", str(place)]
        for command in (copy, ["docker", "rm", "--force", "--volumes", container]):
            subprocess.run(command, capture_output=True, check=False)

    def remove_old_runs(self) -> None:
        """Remove the containers of runs whose `flumelab` was killed."""
        labels = (f"project={self._project}", "oneoff=True")
        filters = [f"--filter=label=com.docker.compose.{label}" for label in labels]
        command = ["docker", "container", "prune", "--force", "--filter=until=1h", *filters]
        subprocess.run(command, capture_output=True, check=False)

    def _variables(self) -> dict[str, str]:
        ports = {port.variable: str(port.number) for port in self._settings.ports("docker")}
        # All profiles, so that a command finds whichever lesson is up; `up` chooses some of them.
        profiles = ",".join((*SERVICES, SECOND, *SERVERS, METRICS))
        given = settings.preset(self._settings.root).items()
        chosen = {name: value for name, value in given if name not in os.environ}
        own = {"LAB_IMAGES": self._settings.images, "COMPOSE_PROFILES": profiles}
        return {**chosen, **ports, **own}


def _copy(lines: Iterable[str], target: TextIO, change: Callable[[str], str]) -> None:
    for line in lines:
        target.write(change(line))
        target.flush()


def _end(process: "subprocess.Popen[str]") -> None:
    """Wait for a command's end; tell it of an interrupt that only this process has got."""
    try:
        process.wait(INTERRUPT_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait()
