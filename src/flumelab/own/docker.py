"""Runs a user's program, conf and log in one container (image `own`)."""

from collections.abc import Iterator
from pathlib import Path

from flumelab.own.services import Wish
from flumelab.runtimes.docker_compose import DockerCompose
from flumelab.runtimes.docker_images import DockerImages
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings

INSIDE = Path("/files")  # not below /own, which is mounted read-only
MAPPED = Path("/mapped")


def run(wish: Wish, options: list[str], settings: Settings, report: Report) -> int:
    """Build the image if needed, mount the files under their own names, and run the program.

    :param options: further options of `flumelab run`
    :return: the exit code
    """
    compose = DockerCompose(settings)
    DockerImages(settings, compose).build(("own",), report)
    command = ["run", "--runtime", "local", *options]
    mounts: list[str] = []
    for option, file in (
        ("--conf", wish.conf),
        ("--input", wish.log),
        ("--requirements", wish.requirements),
    ):
        if file:
            mounts += _mounted(file, INSIDE / file.name)
            command += [option, str(INSIDE / file.name)]
    for number, (old, new) in enumerate(wish.mapped.items()):
        place = MAPPED / str(number)
        mounts += ["--volume", f"{new.absolute()}:{place}"]
        command += ["--map", f"{old}={place}"]
    if wish.agent:
        command += ["--agent", wish.agent]
    for argument in wish.submit:
        command += ["--submit-arg", argument]
    program = INSIDE / wish.program.name
    mounts += _mounted(wish.program, program)
    in_container = [*command, str(program), "--", *wish.arguments]
    return compose.run(["run", "--rm", "-T", "--no-deps", *mounts, "own", *in_container]).returncode


def _mounted(file: Path, place: Path) -> Iterator[str]:
    yield "--volume"
    yield f"{file.absolute()}:{place}:ro"
