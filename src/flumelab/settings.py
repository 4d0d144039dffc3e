"""Where the lab is and which ports it uses, from environment variables or by default.

A setting is declared once, as a field of `Settings`. The doctor's checks, the environment of
`docker compose` and a test of docs/reference/settings.md read it from there. These are plain
dataclasses, because importing pydantic-settings takes 0.2 s, as long as everything else that
`flumelab` imports.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from flumelab import lab_files
from flumelab.errors import LabError

LOOPBACK = "127.0.0.1"
MEMORY = re.compile(r"[1-9]\d*[mg]")


class Port(NamedTuple):
    """A port of the lab, with its default number or the number from its variable.

    :param serves: what listens there, in the words of docs/reference/settings.md
    :param runtimes: the runtimes that open it
    :param always: whether every lab of these runtimes opens it, and not only some lessons
    """

    variable: str
    number: int
    serves: str
    runtimes: tuple[str, ...] = ("docker", "local")
    always: bool = True


def _declare(port: Port) -> Any:
    return field(metadata={"port": port})


@dataclass(frozen=True)
class Settings:
    """One lab. Two labs on one host need different state folders, project names and ports.

    :param root: the folder of the lab's files (see `lab_files`)
    :param state: the folder that the local runtime writes to (`LAB_STATE`)
    :param project: Compose's project (`COMPOSE_PROJECT_NAME`)
    :param images: the prefix of the images' names (`LAB_IMAGES`); by default, the project
    """

    root: Path
    state: Path
    project: str
    images: str
    ui_port: int = _declare(Port("LAB_UI_PORT", 4040, "Spark UI of the program"))
    master_port: int = _declare(Port("LAB_MASTER_PORT", 8080, "Spark master (Docker)", ("docker",)))
    receiver_port: int = _declare(Port("LAB_RECEIVER_PORT", 4141, "receiver (local)", ("local",)))
    # Not Flume's 41414: Linux uses that number for outgoing connections, too.
    metrics_port: int = _declare(Port("LAB_METRICS_PORT", 4144, "Flume's metrics"))
    page_port: int = _declare(Port("LAB_PAGE_PORT", 4145, "the live page", always=False))
    class_port: int = _declare(
        Port("LAB_CLASS_PORT", 4149, "the page of a class", ("local",), always=False)
    )
    link_port: int = _declare(
        Port("LAB_LINK_PORT", 4143, "the link of `up --link`", ("local",), always=False)
    )
    second_port: int = _declare(
        Port(
            "LAB_SECOND_PORT", 4142, "`fan-out`'s second receiver (local)", ("local",), always=False
        )
    )
    receiver_metrics_port: int = _declare(
        Port(
            "LAB_RECEIVER_METRICS_PORT",
            9404,
            "the receiver's metrics (local)",
            ("local",),
            always=False,
        )
    )
    kafka_port: int = _declare(Port("LAB_KAFKA_PORT", 9092, "Kafka", always=False))
    s3_port: int = _declare(Port("LAB_S3_PORT", 7070, "the S3 server", always=False))
    prometheus_port: int = _declare(
        Port("LAB_PROMETHEUS_PORT", 9090, "Prometheus", ("docker",), always=False)
    )
    notebook_port: int = _declare(
        Port("LAB_NOTEBOOK_PORT", 8888, "JupyterLab", ("docker",), always=False)
    )
    db_port: int = _declare(Port("LAB_DB_PORT", 3306, "MariaDB", always=False))
    link: bool = False
    """Whether sink and receiver are connected by a process that can cut the connection."""
    tap: bool = False
    """Whether the caller itself stands between them, on the link's port (see experiments)."""
    spark_master: str = ""
    """Spark's master in the local runtime, if not one JVM with a thread for each core."""
    cores: int = 0
    """Spark's cores in the local runtime (`LAB_CORES`); 0: those of the host, at least two."""
    driver_memory: str = "1g"
    """The heap of Spark's JVM in the local runtime (`LAB_DRIVER_MEMORY`)."""
    flume_memory: str = "256m"
    """The heap of Flume's JVM (`LAB_FLUME_MEMORY`)."""
    turns: Path | None = None
    """The folder that says how many checks of a class may run at once (`LAB_TURNS`)."""

    def port(self, name: str) -> Port:
        """The port of a field, for example ``ui_port``, with its number in this lab."""
        return PORTS[name]._replace(number=getattr(self, name))

    def ports(self, runtime: str) -> list[Port]:
        """All ports that a runtime may open."""
        return [self.port(name) for name, port in PORTS.items() if runtime in port.runtimes]


PORTS: Mapping[str, Port] = {
    setting.name: setting.metadata["port"] for setting in fields(Settings) if setting.metadata
}
"""Each port with its default number, by the field that declares it."""


def load() -> Settings:
    """Read the environment; raises `LabError` for an invalid value, and where no lab is."""
    root = lab_files.root()
    environment = {**preset(root), **os.environ}
    project = environment.get("COMPOSE_PROJECT_NAME", "flumelab")
    numbers: dict[str, Any] = {name: _number(port, environment) for name, port in PORTS.items()}
    turns = environment.get("LAB_TURNS")
    return Settings(
        root=root,
        state=Path(environment.get("LAB_STATE") or lab_files.state(root)).absolute(),
        project=project,
        images=environment.get("LAB_IMAGES", project),
        cores=_cores(environment.get("LAB_CORES") or "0"),
        driver_memory=_memory("LAB_DRIVER_MEMORY", environment) or Settings.driver_memory,
        flume_memory=_memory("LAB_FLUME_MEMORY", environment) or Settings.flume_memory,
        turns=Path(turns) if turns else None,
        **numbers,
    )


def preset(root: Path) -> dict[str, str]:
    """Return the variables of the preset that `LAB_PRESET` names: a file in presets/.

    A variable that is set in the environment, too, has precedence.
    """
    name = os.environ.get("LAB_PRESET", "")
    if not name:
        return {}
    known = {file.stem: file for file in sorted((root / "presets").glob("*.env"))}
    if name not in known:
        raise LabError(f"LAB_PRESET={name} is not a preset; set it to one of: {', '.join(known)}")
    lines = (line.strip() for line in known[name].read_text("utf-8").splitlines())
    pairs = (
        (line.partition("=")[0], line.partition("=")[2])
        for line in lines
        if line and not line.startswith("#")
    )
    return dict(pairs)


def _number(port: Port, environment: Mapping[str, str]) -> int:
    text = environment.get(port.variable) or str(port.number)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise LabError(f"{port.variable}={text} is not a port; set it to a number from 1 to 65535")
    return int(text)


def _cores(text: str) -> int:
    if not text.isdecimal():
        raise LabError(f"LAB_CORES={text} is not a number of cores; set it to 1 or more")
    return int(text)


def _memory(variable: str, environment: Mapping[str, str]) -> str:
    text = environment.get(variable, "")
    if text and not MEMORY.fullmatch(text):
        raise LabError(f"{variable}={text} is not a size of memory; set it to one such as 512m")
    return text
