"""Runs a user's program, conf and log in one container of compose.own.yaml."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from flumelab.errors import LabError
from flumelab.own import conf as confs
from flumelab.own import docker_names, inputs, requirements
from flumelab.own.adapt import Ask, Folders
from flumelab.own.services import OwnState, Wish
from flumelab.own.source_files import folders_of
from flumelab.runtimes.docker_compose import DockerCompose
from flumelab.runtimes.docker_images import DockerImages
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings
from flumelab.signs import Sign

FILE = "compose.own.yaml"
STAYING = "lab"
INSIDE = Path("/files")  # not below /own, which is mounted read-only
PROGRAM_FOLDER = Path("/program")
REQUIREMENTS_FOLDER = Path("/requirements")
MAPPED = Path("/mapped")
STATE = Path("/work/state/own")
FED = "/tmp/fed"  # noqa: S108 - in the container
STOP_SECONDS_MAX = 10  # its processes have ended before


def run(wish: Wish, options: Sequence[str], settings: Settings, report: Report) -> int:
    """Build the image if needed, mount the files under their own names, and run the program.

    What the run leaves behind is copied to `own-docker` of the state folder.

    :param options: further options of `flumelab run`
    :return: the exit code
    """
    _build(settings, report)
    mounts, arguments = inside(wish)
    volumes = (part for mount in mounts for part in ("--volume", mount))
    command = ["run", "--runtime", "local", *options, *arguments]
    compose, kept = _compose(settings), settings.state / "own-docker"
    name = f"{settings.project}-own-run-{os.getpid()}"
    names = docker_names.of_mounts([*mounts, f"{kept}:{STATE}"])
    compose.remove_old_runs()
    try:
        return compose.run_through(
            ["run", "-T", "--name", name, *volumes, "own", *command],
            docker_names.translation(names),
        )
    finally:
        shutil.rmtree(kept, ignore_errors=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        compose.keep_and_remove(name, str(STATE), kept)


def up(wish: Wish, ask: Ask | None, settings: Settings, report: Report) -> None:
    """Start a container that stays, and the files in it. Raises `LabError`."""
    if is_up(settings):
        raise LabError("a lab of your own files is up in Docker; run flumelab down first")
    _build(settings, report)
    wish = replace(wish, mapped=folders_of_sources(wish, ask, settings, report))
    mounts, arguments = inside(wish)
    service = {"volumes": mounts, "command": ["stay"]}
    file = _mounts_file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"services": {STAYING: service}}))
    compose = _compose(settings)
    try:
        compose.output("up", "--detach", STAYING)
        command = ["flumelab", "up", "--runtime", "local", *arguments]
        names = docker_names.translation(docker_names.of_mounts(mounts))
        code = compose.run_through(["exec", "-T", STAYING, *command], names)
    except BaseException:
        _remove(settings)
        raise
    if code:
        _remove(settings)
        raise LabError("the lab did not start; see above")


def is_up(settings: Settings) -> bool:
    """Whether a container that stays was started and not stopped since."""
    return _mounts_file(settings).exists()


class DockerOwnLab:
    """The commands on a lab that is up in a container. Each returns the exit code."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._compose = _compose(settings)

    def status(self, as_json: bool) -> int:
        """Print each process; the container's ports have the same numbers on the host."""
        return self._forward("status", *(["--json"] if as_json else []))

    def signs(self) -> Sequence[Sign]:
        """Ask the lab in the container what is stuck, lost or odd."""
        command = ["flumelab", "status", "--json", "--runtime", "local"]
        done = self._compose.run(["exec", "-T", STAYING, *command], capture=True)
        try:
            return [Sign.of_json(each) for each in json.loads(done.stdout)["signs"]]
        except (ValueError, KeyError):  # the container is starting or ending
            return []

    def feed(self, log: Path | None, options: Sequence[str]) -> int:
        """Copy the log into the container, and feed it there."""
        if not log:
            return self._forward("feed", *options)
        if options and log.is_dir():
            raise LabError(f"{log} is a folder; give --replay a file to send it at a rate")
        files, _ = inputs.files_of(log)
        self._compose.output_in(STAYING, ["mkdir", "-p", FED])
        for each in files:
            place = f"{FED}/{each.path.name}"
            with each.path.open("rb") as content:
                copy = ["exec", "-T", STAYING, "sh", "-c", 'cat > "$0"', place]
                if self._compose.run(copy, stdin=content.fileno()).returncode:
                    raise LabError(f"{each.path} cannot be copied into the container; see above")
        given = f"{FED}/{log.name}" if options else FED
        code = self._forward("feed", "--replay", given, *options)
        self._compose.output_in(STAYING, ["rm", "-r", FED])
        return code

    def ledger(self, as_json: bool, wait: float) -> int:
        """Print the hops."""
        options = ["--json"] if as_json else []
        return self._forward("ledger", "--wait", str(wait), *options)

    def print_logs(self, service: str | None, follow: bool) -> int:
        """Print the logs that the container keeps."""
        options = [*(["--follow"] if follow else []), *([service] if service else [])]
        return self._forward("logs", *options)

    def down(self) -> int:
        """Stop in the order of the flow, and remove the container."""
        try:
            return self._forward("down")
        finally:
            _remove(self._settings)

    def _forward(self, *command: str) -> int:
        mounts = json.loads(_mounts_file(self._settings).read_text())["services"][STAYING][
            "volumes"
        ]
        names = docker_names.translation(docker_names.of_mounts(mounts))
        return self._compose.run_through(["exec", "-T", STAYING, "flumelab", *command], names)


def _compose(settings: Settings) -> DockerCompose:
    files = [settings.root / FILE, _mounts_file(settings)]
    return DockerCompose(
        settings, f"{settings.project}-own", [file for file in files if file.exists()]
    )


def _build(settings: Settings, report: Report) -> None:
    DockerImages(settings, _compose(settings)).build(("own",), report)


def _remove(settings: Settings) -> None:
    _compose(settings).output("down", "--timeout", str(STOP_SECONDS_MAX))
    _mounts_file(settings).unlink(missing_ok=True)


def _mounts_file(settings: Settings) -> Path:
    """The file for Compose with the mounts of a lab that stays; it exists while the lab is up."""
    return settings.state / "own-mounts.json"


def folders_of_sources(
    wish: Wish, ask: Ask | None, settings: Settings, report: Report
) -> dict[str, Path]:
    """Return the map with a folder of this host for each that a source reads.

    So files can be put there while the container runs.
    """
    if not wish.conf or wish.log:
        return dict(wish.mapped)
    folders = Folders(OwnState(settings.state / "own").paths, wish.mapped, ask)
    for source in confs.read(wish.conf, wish.agent).sources.values():
        for folder in folders_of(source):
            folders.offer(folder)
            place = folders.place(folder) or Path(folder)
            if not place.exists():
                place.mkdir(parents=True)
                place.chmod(0o777)  # the container's user is another one
            folders.use(folder, place)
            report(f"source {source.name} reads {place}; put files there, or use flumelab feed")
    return folders.mapped


def inside(wish: Wish) -> tuple[list[str], list[str]]:
    """Return the mounts, and the arguments of `flumelab run` or `up` in the container."""
    program = wish.program.absolute()
    mounts = [f"{program.parent}:{PROGRAM_FOLDER}:ro"]  # with the modules that it imports
    arguments: list[str] = []
    if wish.requirements:
        requirements.require_inside(wish.requirements)
        folder = wish.requirements.absolute().parent
        mounts.append(f"{folder}:{REQUIREMENTS_FOLDER}:ro")  # with the wheels that it names
        arguments += ["--requirements", str(REQUIREMENTS_FOLDER / wish.requirements.name)]
    files = [("--conf", wish.conf), ("--input", wish.log)]
    files += [("--flume-jar", jar) for jar in wish.flume_jars]
    for option, file in files:
        if file:
            mounts.append(f"{file.absolute()}:{INSIDE / file.name}:ro")
            arguments += [option, str(INSIDE / file.name)]
    for mount, argument in _mapped(wish):
        mounts.append(mount)
        arguments += ["--map", argument]
    count = "--count-each" if wish.count_each else "--count"
    for option, value in (("--agent", wish.agent), (count, wish.count)):
        arguments += [option, value] if value else []
    for argument in wish.submit:
        arguments += ["--submit-arg", argument]
    return mounts, [*arguments, str(PROGRAM_FOLDER / program.name), "--", *wish.arguments]


def _mapped(wish: Wish) -> Iterator[tuple[str, str]]:
    for number, (old, new) in enumerate(wish.mapped.items()):
        new.mkdir(parents=True, exist_ok=True)
        place = MAPPED / str(number)
        yield f"{new.absolute()}:{place}", f"{old}={place}"
