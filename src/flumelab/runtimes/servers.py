"""Kafka, S3 and MariaDB for the lessons that need them, as plain processes of the local runtime.

Where MariaDB is not installed, SQLite takes its place.
"""

import os
import shutil
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flumelab.settings import LOOPBACK, Settings

TOPIC, BUCKET, DATABASE = "lines", "lab", "lab"
NAMES = ("kafka", "s3", "db")
SCRIPTS = {"kafka": "kafka/broker", "s3": "s3/server", "db": "db/server"}
JARS = "runtimes/spark-packages/target/jars"
"""What Spark needs for them; from Maven, as Kafka and S3's server are."""
KAFKA_JARS = "runtimes/kafka/target/kafka"
S3_JARS = "runtimes/s3-server/target/s3"


def database() -> str | None:
    """Where MariaDB's server is; None where it is not installed."""
    return shutil.which("mariadbd", path=_path())


@dataclass(frozen=True)
class Servers:
    """Those of `names` that are there, with all they write in `state`."""

    names: tuple[str, ...]
    settings: Settings
    state: Path

    @classmethod
    def of(cls, names: Iterable[str], settings: Settings, state: Path) -> "Servers":
        """Of these, the ones that are servers, and there."""
        mine = (name for name in names if name in NAMES and (name != "db" or database()))
        return cls(tuple(mine), settings, state)

    def port(self, name: str) -> tuple[str, int]:
        """The variable that names its port, and the port."""
        settings = self.settings
        return {
            "kafka": ("LAB_KAFKA_PORT", settings.kafka_port),
            "s3": ("LAB_S3_PORT", settings.s3_port),
            "db": ("LAB_DB_PORT", settings.db_port),
        }[name]

    def command(self, name: str) -> list[str]:
        """The script that the image runs, too."""
        return [str(self.settings.root / "docker" / SCRIPTS[name])]

    def environment(self, name: str) -> Mapping[str, str]:
        """For that script."""
        own = {"kafka": self._of_kafka, "s3": self._of_s3, "db": self._of_db}[name]()
        return {**os.environ, "PATH": _path(), **own}

    def ready(self, name: str) -> bool:
        """Whether it can be used."""
        if name == "kafka":
            return (self.state / name / "log" / f"{TOPIC}-0").is_dir()
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port(name)[1])) == 0

    def client(self) -> dict[str, str]:
        """The environment in which generator and program find them."""
        _, kafka = self.port("kafka")
        found = {
            "KAFKA_SERVERS": f"{LOOPBACK}:{kafka}",
            "KAFKA_TOPIC": TOPIC,
        }
        if "s3" in self.names:
            found["LOGS_URL"] = f"s3a://{BUCKET}/"
            found["AWS_ENDPOINT_URL"] = f"http://{LOOPBACK}:{self.settings.s3_port}"
            found["AWS_SHARED_CREDENTIALS_FILE"] = str(self._keys)
        if "db" in self.names:
            found["RESULTS_URL"] = self.results_url
        return found

    def way(self, source: str) -> list[str]:
        """The generator's options for a program that reads from one of them."""
        if source == "kafka":
            return ["--to", f"kafka://{LOOPBACK}:{self.settings.kafka_port}/{TOPIC}"]
        return ["--to", f"s3://{BUCKET}"]

    def _of_kafka(self) -> dict[str, str]:
        address = f"{LOOPBACK}:{self.settings.kafka_port}"
        return {
            "KAFKA_LIB": str(self.settings.root / KAFKA_JARS),
            "KAFKA_DATA": str(self.state / "kafka"),
            "KAFKA_TOPIC": TOPIC,
            "KAFKA_ADDRESS": address,
            "KAFKA_LISTENERS": f"LAB://{address}",
            "KAFKA_CONTROLLER": f"{LOOPBACK}:{_free_port()}",
        }

    def _of_s3(self) -> dict[str, str]:
        return {
            "S3_LIB": str(self.settings.root / S3_JARS),
            "S3_DATA": str(self.state / "s3"),
            "S3_SETTINGS": str(self.state / "s3.conf"),
            "S3_BUCKET": BUCKET,
            "S3_LISTEN": f"{LOOPBACK}:{self.settings.s3_port}",
            "AWS_SHARED_CREDENTIALS_FILE": str(self._keys),
        }

    def _of_db(self) -> dict[str, str]:
        return {
            "DB_DATA": str(self.state / "db"),
            "DB_LISTEN": LOOPBACK,
            "DB_PORT": str(self.settings.db_port),
            "DB_NAME": DATABASE,
            "DB_PASSWORD": str(self._password),
        }

    @property
    def results_url(self) -> str:
        """SQLAlchemy's, of the database; the password is in a file."""
        place = f"{LOOPBACK}:{self.settings.db_port}/{DATABASE}"
        return f"mysql+pymysql://{place}?read_default_file={self._password}"

    @property
    def _keys(self) -> Path:
        return self.state / "aws"

    @property
    def _password(self) -> Path:
        return self.state / "my.cnf"


def _path() -> str:
    """Debian has MariaDB's server where only root's shell looks."""
    return f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin"


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])
