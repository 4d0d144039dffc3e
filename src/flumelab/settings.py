"""Where the lab is and which ports it takes; each from an environment variable or its default."""

import os
from dataclasses import dataclass
from pathlib import Path

from flumelab.errors import LabError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Settings:
    """One lab. Two on one host need a state folder, a project name and ports of their own.

    :param root: the checkout
    :param state: where the local runtime keeps all it writes (`LAB_STATE`)
    :param project: Compose's project (`COMPOSE_PROJECT_NAME`)
    :param images: what the images' names begin with: those of that project, as a rule
    :param receiver_port: where Spark listens for Flume (`LAB_RECEIVER_PORT`; local runtime only)
    :param second_port: where the receiver of an app's second program does (`LAB_SECOND_PORT`; same)
    :param metrics_port: Flume's JSON metrics (`LAB_METRICS_PORT`)
    :param ui_port: the Spark UI of the program (`LAB_UI_PORT`)
    :param master_port: the Spark master's UI (`LAB_MASTER_PORT`; Docker only)
    :param kafka_port: Kafka's broker, where a lesson has one (`LAB_KAFKA_PORT`)
    :param s3_port: the S3 server (`LAB_S3_PORT`)
    :param db_port: MariaDB (`LAB_DB_PORT`)
    """

    root: Path
    state: Path
    project: str
    images: str
    receiver_port: int
    second_port: int
    metrics_port: int
    ui_port: int
    master_port: int
    kafka_port: int
    s3_port: int
    db_port: int


def load() -> Settings:
    """Read the environment; raises `LabError` outside a checkout and for a port that is none."""
    root = _checkout()
    project = os.environ.get("COMPOSE_PROJECT_NAME", "flumelab")
    return Settings(
        root=root,
        state=Path(os.environ.get("LAB_STATE", root / ".lab")).absolute(),
        project=project,
        images=os.environ.get("LAB_IMAGES", project),
        receiver_port=_port("LAB_RECEIVER_PORT", 4141),
        second_port=_port("LAB_SECOND_PORT", 4142),
        # Not Flume's 41414: Linux gives that to outgoing connections, too.
        metrics_port=_port("LAB_METRICS_PORT", 4144),
        ui_port=_port("LAB_UI_PORT", 4040),
        master_port=_port("LAB_MASTER_PORT", 8080),
        kafka_port=_port("LAB_KAFKA_PORT", 9092),
        s3_port=_port("LAB_S3_PORT", 7070),
        db_port=_port("LAB_DB_PORT", 3306),
    )


def _checkout() -> Path:
    here = Path.cwd()
    for folder in (Path(__file__).parents[2], here, *here.parents):
        if (folder / "compose.yaml").exists() and (folder / "flume-conf").is_dir():
            return folder
    raise LabError(f"{here} is not in a checkout of the lab; change into one")


def _port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise LabError(f"{name}={text} is not a port; set it to a number from 1 to 65535")
    return int(text)
