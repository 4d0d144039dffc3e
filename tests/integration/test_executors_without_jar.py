"""Executors that have a Spark, but nothing of ours: the driver sends them its jar."""

from __future__ import annotations

import sys
from pathlib import Path

import pyspark
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import LandingWriter

from tests.support.avro_client import lines
from tests.support.cluster import Master, Worker
from tests.support.spark import PROGRAMS, Program, environment

JAR = "pyspark-flume-receiver.jar"


def spark_without_our_jar(folder: Path) -> Path:
    """Return a Spark home made of links to this one."""
    home = Path(pyspark.__file__).parent
    (folder / "jars").mkdir(parents=True)
    for name in ("bin", "sbin"):
        (folder / name).symlink_to(home / name)
    for jar in (home / "jars").iterdir():
        if jar.name != JAR:
            (folder / "jars" / jar.name).symlink_to(jar)
    assert (home / "jars" / JAR).exists()
    return folder


def test_executors_read_with_the_drivers_jar(installed_jar: Path, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    with LandingWriter.open(landing, identify) as writer:
        batch = lines(*map(str, range(500)))
        writer.append(b"".join(batch), len(batch), [])
        writer.commit()
    home = spark_without_our_jar(tmp_path / "spark")
    master = Master(tmp_path / "master")
    # Its executors could not run Python either.
    worker = Worker(
        tmp_path / "worker", master, "127.0.0.2", "worker",
        SPARK_HOME=str(home), PYSPARK_PYTHON="/no/python",
    )  # fmt: skip
    try:
        worker.wait_for_log("Successfully registered with master")
        command = [sys.executable, str(PROGRAMS / "read_on_cluster.py"), master.url, str(landing)]
        driver = Program(command, tmp_path / "driver", environment())
        assert driver.process.wait(120) == 0, driver.stderr.read_text()
        assert driver.stdout.read_text() == "events: 500\n"
        assert any(JAR in path.name for path in (tmp_path / "worker").rglob("*.jar"))
    finally:
        worker.kill()
        master.kill()
