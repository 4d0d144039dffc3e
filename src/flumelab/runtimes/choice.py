"""Which runtime a command uses."""

from enum import StrEnum

from flumelab import lab_files
from flumelab.errors import LabError
from flumelab.runtimes.docker import DockerRuntime
from flumelab.runtimes.docker_compose import engine_version
from flumelab.runtimes.local import LocalRuntime
from flumelab.runtimes.runtime import Runtime
from flumelab.settings import Settings


class RuntimeName(StrEnum):
    """Where the lab runs."""

    auto = "auto"
    docker = "docker"
    local = "local"


def choose(name: RuntimeName, settings: Settings) -> Runtime:
    """Return the named runtime; for ``auto``, the one that is up, or else one that can run.

    From a wheel that is the local one: it starts at once, where Docker first builds images.
    """
    local, docker = LocalRuntime(settings), DockerRuntime(settings)
    if name is RuntimeName.local:
        return local
    if name is RuntimeName.docker:
        return docker
    if any(service.state == "running" for service in local.services()):
        return local
    engine_answers = engine_version() is not None
    try:
        if engine_answers and docker.services():
            return docker
    except LabError:  # an engine without Compose
        engine_answers = False
    # If a local lab has died, its services are listed as stopped: it is shown, and can be stopped.
    prefers_local = lab_files.is_installed() or not engine_answers
    return local if local.services() or prefers_local else docker
