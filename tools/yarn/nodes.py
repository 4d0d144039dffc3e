"""What the nodes of a cluster have installed, and what a job can bring along instead."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from tools.matrix.environment import Environment, Wheels, pip

ARCHIVE = "flume"  # the name under which a container finds the archive's files


class Nodes:
    """A Python with Spark, and an archive with a Python that has the connector's wheel.

    All nodes are this machine. At first their Spark lacks the wheel; see `install_the_wheel`.

    :param folder: for both; a new one
    :param sparks: keeps Spark's wheel for the next time
    """

    def __init__(self, folder: Path, sparks: Path) -> None:
        self._wheels = Wheels(folder / "wheels", sparks)
        self._installed = _environment(folder / "spark")
        pip(self._installed.python, "install", "--no-deps", self._wheels.spark(version("pyspark")))
        pip(self._installed.python, "install", "-c", self._wheels.versions, "py4j")
        self._carried = _environment(folder / ARCHIVE)
        needed = (self._wheels.connector, "numpy", "pyarrow")
        pip(self._carried.python, "install", "--no-deps", "-c", self._wheels.versions, *needed)
        self.archive = Path(shutil.make_archive(str(folder / ARCHIVE), "tar", self._carried.folder))

    @property
    def spark_home(self) -> Path:
        """Spark's folder, the same on each node."""
        return _packages(self._installed) / "pyspark"

    @property
    def python(self) -> Path:
        """The Python of each node."""
        return self._installed.python

    @property
    def carried_python(self) -> Path:
        """The archive's Python, before it was packed; it has no Spark."""
        return self._carried.python

    @property
    def jar(self) -> Path:
        """The wheel's jar, on the host that submits."""
        return _packages(self._carried) / "pyspark/jars/pyspark-flume-receiver.jar"

    def install_the_wheel(self) -> None:
        """Install the wheel on each node."""
        pip(self.python, "install", "-c", self._wheels.versions, self._wheels.connector)


def _environment(folder: Path) -> Environment:
    return Environment(folder, f"{sys.version_info.major}.{sys.version_info.minor}")


def _packages(environment: Environment) -> Path:
    (found,) = environment.folder.glob("lib/python3*/site-packages")
    return found
