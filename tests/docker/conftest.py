"""Docker for the tests: they skip if no engine answers, and build the images once.

They have their own project name, so that a lab that the developer runs stays undisturbed.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from flumelab import settings
from flumelab.runtimes.docker import DockerRuntime

ROOT = Path(__file__).parents[2]
PROJECT = f"{os.environ.get('COMPOSE_PROJECT_NAME', 'flumelab')}-test"  # a second copy has its own
ENGINE_SECONDS_MAX = 20

# pyspark_flume.testing reads them when it is imported.
os.environ["FLUMELAB_FLUME_IMAGE"] = f"{PROJECT}-flume"
os.environ["FLUMELAB_SPARK_IMAGE"] = f"{PROJECT}-spark"
# Ryuk's image would come from a registry; each test cleans up after itself.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")


# It takes two minutes, and test_run.py runs s3-to-mysql, too. `make faults` includes it.
collect_ignore = [] if "FAULT_KILLS" in os.environ else ["test_servers_in_docker.py"]


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine that answers, with Compose."""
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=ENGINE_SECONDS_MAX, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            _without_engine(str(error))
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            _without_engine(f"{' '.join(command)} failed: {reason[0]}")


def _without_engine(reason: str) -> NoReturn:
    """Skip, or fail in CI, where no test may be left out."""
    if os.environ.get("LAB_REQUIRE_DOCKER"):
        pytest.fail(f"LAB_REQUIRE_DOCKER is set, but there is no Docker: {reason}")
    pytest.skip(f"no Docker: {reason}")


@pytest.fixture(scope="session")
def images(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The images of this checkout, under the project name of the tests."""
    with pytest.MonkeyPatch.context() as environment:
        # In the environment: testcontainers' DockerCompose has no option for it.
        environment.setenv("COMPOSE_PROJECT_NAME", PROJECT)
        # The folder that records from which sources they were built.
        environment.setenv("LAB_STATE", str(tmp_path_factory.mktemp("state")))
        DockerRuntime(settings.load()).build(print)
        yield
