"""Programs of spark-apps/ in the lab's image, each key held against the ledger.

One for each kind of input, and those that need a package beside Spark; `make lessons` runs all.
They share one Spark: each would need half a minute to start its own. test_run.py runs them with
`flumelab run`, with Flume and on a cluster.
"""

import json
import os
from typing import Any

import pytest
from pyspark_flume.testing.spark import PROPERTIES
from testcontainers.core.container import DockerContainer

from flumelab.counts import MALFORMED
from tests.support.lesson import LESSONS, ROOT, chosen

NAMES = chosen(LESSONS, "windows session-windows from-socket from-files clusters anomalies")
INSIDE = "/opt/check"
SPARK = ["spark-submit", "--master", "local[2]", "--properties-file", PROPERTIES]
SECONDS_MAX = 600


@pytest.fixture(scope="module")
def results(images: None) -> dict[str, dict[str, Any]]:
    """The results by lesson."""
    container = DockerContainer(os.environ["FLUMELAB_SPARK_IMAGE"])
    for folder in ("tests", "loadgen", "spark-apps"):
        container.with_volume_mapping(str(ROOT / folder), f"{INSIDE}/{folder}", "ro")
    container.with_env("PYTHONPATH", INSIDE)
    container.with_command([*SPARK, f"{INSIDE}/tests/docker/lessons.py", *NAMES])
    with container:
        ended = container.get_wrapped_container().wait(timeout=SECONDS_MAX)
        out, err = (log.decode(errors="replace") for log in container.get_logs())
    assert ended["StatusCode"] == 0, f"{out}{err}"[-5000:]
    printed = [json.loads(line) for line in out.splitlines() if line.startswith('{"lesson"')]
    return {result["lesson"]: result for result in printed}


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_finds_what_was_sent(results: dict[str, dict[str, Any]], name: str) -> None:
    result = results[name]
    assert result["found"] == result["expected"]
    assert result["found"][MALFORMED] > 10
