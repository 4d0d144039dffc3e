"""Sparks for the tests, as few of them as the claims allow."""

from __future__ import annotations

import filecmp
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.support.spark import BUILT_JAR, QUICK_JVM, RecordedSpark, Sparks
from tools.docs import site as docs


@pytest.fixture(scope="session")
def installed_jar() -> Path:
    """PySpark's own copy of the receiver; a stale one would test yesterday's."""
    if not BUILT_JAR.exists():
        pytest.skip(f"{BUILT_JAR} is missing: mvn -f connector/java/pom.xml -pl receiver package")
    pyspark = importlib.util.find_spec("pyspark")
    assert pyspark and pyspark.origin
    installed = Path(pyspark.origin).parent / "jars" / BUILT_JAR.name
    if not installed.exists() or not filecmp.cmp(installed, BUILT_JAR, shallow=False):
        pytest.fail(f"{installed} is not the jar that Maven built: pip install --no-deps -e .")
    return installed


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the docs, built with each warning as an error, such as a link to nowhere."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    docs.build(folder)
    return folder


@pytest.fixture(scope="module")
def start_spark(
    installed_jar: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., RecordedSpark]]:
    """Starts a `RecordedSpark`; ended with the module."""
    with Sparks(tmp_path_factory.mktemp("spark")) as sparks:
        yield sparks


@pytest.fixture(scope="module")
def session() -> Iterator[SparkSession]:
    """A Spark in this process; ended with the module."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("SPARK_SUBMIT_OPTS", QUICK_JVM)
    conf = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    session = SparkSession.builder.master("local[2]").config(map=conf).getOrCreate()
    session.sparkContext.setLogLevel("OFF")  # each error is looked at where it is raised
    yield session
    session.stop()
