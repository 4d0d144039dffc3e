"""Kafka, S3 and MariaDB for the lessons that need them, as plain processes of the local runtime.

If MariaDB is not installed, SQLite takes its place.
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flumelab.runtimes.port_probe import answers, free_port
from flumelab.settings import LOOPBACK, Port, Settings

TOPIC, BUCKET, DATABASE = "lines", "lab", "lab"
SERVERS = ("kafka", "s3", "db")
SCRIPTS = {"kafka": "kafka/broker", "s3": "s3/server", "db": "db/server"}
SPARK_JARS = "runtimes/spark-packages/target/jars"
"""The jars that Spark needs as their client; Maven fetches them, as it does Kafka and S3Proxy."""
KAFKA_JARS = "runtimes/kafka/target/kafka"
S3_JARS = "runtimes/s3-server/target/s3"


def mariadb_server() -> str | None:
    """Return the path of MariaDB's server; None if it is not installed."""
    return shutil.which("mariadbd", path=_search_path())


@dataclass(frozen=True)
class Servers:
    """Servers by name, and the folder `state` into which they write."""

    names: tuple[str, ...]
    settings: Settings
    state: Path

    @classmethod
    def among(cls, names: Iterable[str], settings: Settings, state: Path) -> "Servers":
        """Return those of `names` that are servers; MariaDB only if it is installed."""
        servers = (n for n in names if n in SERVERS and (n != "db" or mariadb_server()))
        return cls(tuple(servers), settings, state)

    def port(self, name: str) -> Port:
        """The port on which a server listens."""
        return self.settings.port(f"{name}_port")

    def command(self, name: str) -> list[str]:
        """The script that starts a server, both in the image and here."""
        return [str(self.settings.root / "docker" / SCRIPTS[name])]

    def environment(self, name: str) -> Mapping[str, str]:
        """The environment of that script."""
        variables = {
            "kafka": self._kafka_variables,
            "s3": self._s3_variables,
            "db": self._db_variables,
        }[name]()
        return {**os.environ, "PATH": _search_path(), **variables}

    def is_ready(self, name: str) -> bool:
        """Whether a server can be used."""
        if name == "kafka":
            return (self.state / name / "log" / f"{TOPIC}-0").is_dir()
        return answers(self.port(name).number)

    def client_variables(self) -> dict[str, str]:
        """The variables that tell the generator and the programs where the servers are."""
        variables = {
            "KAFKA_SERVERS": self._address("kafka"),
            "KAFKA_TOPIC": TOPIC,
        }
        if "s3" in self.names:
            variables["LOGS_URL"] = f"s3a://{BUCKET}/"
            variables["AWS_ENDPOINT_URL"] = f"http://{self._address('s3')}"
            variables["AWS_SHARED_CREDENTIALS_FILE"] = str(self._s3_keys)
        if "db" in self.names:
            variables["RESULTS_URL"] = self.results_url
        return variables

    def target_options(self) -> list[str]:
        """The generator's options for writing to Kafka, or else to S3."""
        if "kafka" in self.names:
            return ["--to", f"kafka://{self._address('kafka')}/{TOPIC}"]
        return ["--to", f"s3://{BUCKET}"]

    @property
    def results_url(self) -> str:
        """SQLAlchemy's URL of the database; the password is in a file."""
        place = f"{self._address('db')}/{DATABASE}"
        return f"mysql+pymysql://{place}?read_default_file={self._db_password}"

    def _kafka_variables(self) -> dict[str, str]:
        return {
            "KAFKA_LIB": str(self.settings.root / KAFKA_JARS),
            "KAFKA_DATA": str(self.state / "kafka"),
            "KAFKA_TOPIC": TOPIC,
            "KAFKA_ADDRESS": self._address("kafka"),
            "KAFKA_LISTENERS": f"LAB://{self._address('kafka')}",
            "KAFKA_CONTROLLER": f"{LOOPBACK}:{free_port()}",
        }

    def _s3_variables(self) -> dict[str, str]:
        return {
            "S3_LIB": str(self.settings.root / S3_JARS),
            "S3_DATA": str(self.state / "s3"),
            "S3_SETTINGS": str(self.state / "s3.conf"),
            "S3_BUCKET": BUCKET,
            "S3_LISTEN": self._address("s3"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self._s3_keys),
        }

    def _db_variables(self) -> dict[str, str]:
        return {
            "DB_DATA": str(self.state / "db"),
            "DB_LISTEN": LOOPBACK,
            "DB_PORT": str(self.port("db").number),
            "DB_NAME": DATABASE,
            "DB_PASSWORD": str(self._db_password),
        }

    def _address(self, name: str) -> str:
        return f"{LOOPBACK}:{self.port(name).number}"

    @property
    def _s3_keys(self) -> Path:
        return self.state / "aws"

    @property
    def _db_password(self) -> Path:
        return self.state / "my.cnf"


def _search_path() -> str:
    """PATH plus the folder of MariaDB's server on Debian, which only root has in its PATH."""
    return f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin"
