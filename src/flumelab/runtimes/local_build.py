"""Builds what the local runtime needs: the connector's jars, Flume's runtime, the servers' jars.

All labs of a checkout share them. A wheel has them, but for the servers' jars.
"""

import fcntl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flumelab import lab_files
from flumelab.errors import LabError
from flumelab.runtimes import class_data_sharing, commands, flume_class_archive, flume_extras
from flumelab.runtimes.build_stamp import BuildStamp
from flumelab.runtimes.compiled_zip import compile_zip, pyspark_zip
from flumelab.runtimes.runtime import Report
from flumelab.runtimes.servers import SPARK_JARS

SPARK_SOURCES = [
    *("connector/java", "connector/pyproject.toml", "connector/wheel_jar.py"),
    *("connector/src/pyspark_flume.pth", "connector/src/pyspark_flume.start"),
    "connector/src/pyspark_flume_hook.py",
    *("runtimes/pom.xml", "runtimes/flume", "requirements/dev.txt"),
    "src/flumelab/runtimes/class_data_sharing.py",
    "src/flumelab/runtimes/class_data_sharing_program.py",
    "src/flumelab/runtimes/compiled_zip.py",
    "src/flumelab/runtimes/flume_class_archive.py",
]
JAR_SOURCES = ["connector/java", "runtimes/pom.xml", "runtimes/flume"]
SERVER_SOURCES = [
    "connector/java/pom.xml",
    "runtimes/pom.xml",
    "runtimes/kafka/pom.xml",
    "runtimes/s3-server/pom.xml",
    "runtimes/spark-packages/pom.xml",
]
RECEIVER_JAR = "connector/java/receiver/target/pyspark-flume-receiver.jar"
ENVIRONMENT = Path(sys.prefix)
"""The Python environment; the connector is installed into its PySpark."""
CLASS_ARCHIVE = ENVIRONMENT / "flumelab.jsa"
"""The archive of Spark's classes (see `class_data_sharing`)."""


def flume_home(root: Path) -> Path:
    """Return the folder of a checkout's Flume, which exists once it is built."""
    return root / "runtimes/flume/target/flume"


def is_built(root: Path) -> bool:
    """Whether a checkout was built once, even if its sources have changed."""
    built = lab_files.is_installed() or (ENVIRONMENT / "flumelab.built").exists()
    return built and (flume_home(root) / "lib").is_dir()


def build(root: Path, servers: Sequence[str], report: Report) -> None:
    """Build what has changed since the last time; one process builds at a time.

    :param servers: the servers that a lesson needs; with any, the jars of all servers are built
    """
    if lab_files.is_installed():
        if not (flume_home(root) / "lib").is_dir():
            raise LabError(
                f"{root} is a checkout that is not built; run make lab there, or leave that folder"
            )
        _require_in_wheel(servers)
        return
    with _locked():
        if servers:
            _build_servers(root, report)
        extras = flume_extras.chosen()
        stamp = BuildStamp(ENVIRONMENT / "flumelab.built", root, SPARK_SOURCES, extras)
        jars = BuildStamp(flume_home(root).parent / "built", root, JAR_SOURCES, extras)
        if stamp.is_current() and (flume_home(root) / "lib").is_dir():
            if not jars.is_current():
                jars.write()
            return
        there = (root / RECEIVER_JAR).exists() and (flume_home(root) / "lib").is_dir()
        # In an archive for a room without internet they are current; there is no Maven either.
        if not (there and jars.is_current()):
            report("building the connector and Flume's runtime with Maven (first time: minutes)")
            profiles = ["-P", ",".join(f"extra-{name}" for name in extras)] if extras else []
            maven = ["mvn", "-q", "-B", "-DskipTests", *profiles, "-f", "runtimes/pom.xml"]
            commands.run([*maven, "package"], root)
            jars.write()
        report("installing the connector into PySpark")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
        commands.run([*pip, "--no-build-isolation", "--force-reinstall", "-e", "connector"], root)
        report("preparing Spark's and Flume's classes, so that programs and agents start faster")
        compile_zip(pyspark_zip())
        try:
            class_data_sharing.make_archive(CLASS_ARCHIVE)
        except LabError as error:
            report(f"Spark will start, but more slowly: {error}")
        try:
            flume_class_archive.make(root, flume_home(root))
        except LabError as error:
            report(f"Flume will start, but more slowly: {error}")
        stamp.write()


def _require_in_wheel(servers: Sequence[str]) -> None:
    """Raise `LabError` for what only a checkout can build."""
    missing = [*flume_extras.chosen(), *servers]
    if missing:
        raise LabError(
            f"the wheel has no jars for {', '.join(missing)}; add --runtime docker, which fetches "
            "them, or use a checkout"
        )


def _build_servers(root: Path, report: Report) -> None:
    stamp = BuildStamp((root / SPARK_JARS).parent / "built", root, SERVER_SOURCES)
    if stamp.is_current():
        return
    report("fetching Kafka, an S3 server, and the jars that Spark needs for them, with Maven")
    modules = ["-Pservers", "-pl", "kafka,s3-server,spark-packages"]
    commands.run(["mvn", "-q", "-B", *modules, "-f", "runtimes/pom.xml", "package"], root)
    stamp.write()


@contextmanager
def _locked() -> Iterator[None]:
    file = ENVIRONMENT / "flumelab.lock"
    # A learner of a class uses the teacher's environment, and may not write there.
    with file.open("r" if file.exists() else "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
