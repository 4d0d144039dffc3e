"""What is missing for the lab, before anything starts, and the one command that mends it."""

import os
import platform
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from flumelab.runtimes import servers
from flumelab.settings import LOOPBACK, Settings

GIB = 1024**3
JAVA_MIN = 17
COMPOSE_MIN = (2, 20)
MEMORY_MIN = {"local": 3 * GIB, "docker": 6 * GIB}
DISK_MIN = {"local": 3 * GIB, "docker": 6 * GIB}


@dataclass(frozen=True)
class Check:
    """`found`: what there is; `remedy`: what to do if that is not `ok`."""

    name: str
    ok: bool
    found: str
    remedy: str

    def as_json(self) -> dict[str, Any]:
        """As `flumelab doctor --json` prints it."""
        return asdict(self)


def docker_engine() -> str | None:
    """The version of the engine that answers; None where none does."""
    return _output(["docker", "version", "--format", "{{.Server.Version}}"])


def examine(runtime: str, settings: Settings, ports: bool) -> list[Check]:
    """All checks for a runtime; `ports`: also those, which the lab itself holds while it is up."""
    checks = [*_docker()] if runtime == "docker" else [*_java(), *_maven(settings)]
    if runtime == "local":
        checks += _servers()
    checks += [*_memory(runtime), *_disk(runtime, settings)]
    return [*checks, *_ports(runtime, settings)] if ports else checks


def _docker() -> Iterator[Check]:
    engine = docker_engine()
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
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else "java"
    text = _output([java, "-version"]) or ""
    version = re.search(r'version "(\d+)', text)
    yield Check(
        "Java",
        bool(version) and int(version[1]) >= JAVA_MIN if version else False,
        text.splitlines()[0] if text else "not found",
        f"install Java {JAVA_MIN} or later: {_install('openjdk-17-jdk-headless', 'openjdk@17')}",
    )


def _maven(settings: Settings) -> Iterator[Check]:
    built = (settings.root / "runtimes/flume/target/flume/lib").is_dir()
    maven = shutil.which("mvn")
    yield Check(
        "Maven",
        built or maven is not None,
        maven or ("not found, not needed: the jars are built" if built else "not found"),
        f"install Maven: {_install('maven', 'maven')}",
    )


def _servers() -> Iterator[Check]:
    """Never missing, as there is something in its place; Kafka and S3's come by Maven."""
    yield Check("MariaDB", True, servers.database() or "not installed: lessons write to SQLite", "")


def _memory(runtime: str) -> Iterator[Check]:
    available, needed = psutil.virtual_memory().available, MEMORY_MIN[runtime]
    yield Check(
        "memory",
        available >= needed,
        f"{available / GIB:.1f} GiB free, {needed / GIB:.0f} GiB needed",
        "close other programs, or give Docker more memory in its settings",
    )


def _disk(runtime: str, settings: Settings) -> Iterator[Check]:
    free, needed = shutil.disk_usage(settings.root).free, DISK_MIN[runtime]
    yield Check(
        "disk",
        free >= needed,
        f"{free / GIB:.1f} GiB free, {needed / GIB:.0f} GiB needed",
        f"free some space on the disk of {settings.root}",
    )


def _ports(runtime: str, settings: Settings) -> Iterator[Check]:
    ports = {"LAB_METRICS_PORT": settings.metrics_port, "LAB_UI_PORT": settings.ui_port}
    if runtime == "docker":
        ports["LAB_MASTER_PORT"] = settings.master_port
    else:
        ports["LAB_RECEIVER_PORT"] = settings.receiver_port
    for name, port in ports.items():
        free = _is_free(port)
        yield Check(
            f"port {port}",
            free,
            "free" if free else "in use",
            f"end what listens there, or choose another: export {name}=…",
        )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port that a program has just left is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _install(debian: str, homebrew: str) -> str:
    if platform.system() == "Darwin":
        return f"brew install {homebrew}"
    return f"sudo apt-get install -y {debian}"


def _output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (done.stdout or done.stderr).strip() if done.returncode == 0 else None
