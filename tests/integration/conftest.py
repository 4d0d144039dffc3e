"""Sparks for the receiver's tests, as few of them as the claims allow."""

from __future__ import annotations

import filecmp
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.spark import BUILT_JAR, RecordedSpark


@pytest.fixture(scope="session")
def installed_jar() -> Path:
    """PySpark's own copy of the receiver; a stale one would test yesterday's."""
    if not BUILT_JAR.exists():
        pytest.skip(f"{BUILT_JAR} is missing: mvn -f connector/pom.xml -pl receiver -am package")
    pyspark = importlib.util.find_spec("pyspark")
    assert pyspark and pyspark.origin
    installed = Path(pyspark.origin).parent / "jars" / BUILT_JAR.name
    if not installed.exists() or not filecmp.cmp(installed, BUILT_JAR, shallow=False):
        pytest.fail(f"{installed} is not the jar that Maven built: pip install --no-deps -e .")
    return installed


@pytest.fixture(scope="module")
def start_spark(
    installed_jar: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., RecordedSpark]]:
    """Starts a `RecordedSpark`; ended with the module."""
    started: list[RecordedSpark] = []

    def start(master: str, *streams: dict[str, Any], **options: Any) -> RecordedSpark:
        folder = tmp_path_factory.mktemp("spark")
        started.append(RecordedSpark(folder, master, list(streams), **options))
        return started[-1]

    yield start
    for spark in started:
        spark.kill()
