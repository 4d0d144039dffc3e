"""`flumelab run` in Docker checks each key against the ledger: the lessons that
test_lessons_in_docker.py leaves out, one after the other on one cluster.

LAB_LESSONS names others instead; "all" means every one that has no test of its own, and takes ten
minutes.
"""

import json
import os
from typing import Any

import pytest

from flumelab.counts import MALFORMED
from flumelab.lessons.catalogue import LESSONS
from tests.support.docker_lab import PORTS, flumelab
from tests.support.ports import free_ports

OWN = ("url-counts", "structured")
CHOSEN = os.environ.get("LAB_LESSONS", "pull fan-out from-kafka s3-to-mysql")
ALL = [name for name in LESSONS if name not in OWN]
NAMES = ALL if CHOSEN == "all" else CHOSEN.split()
SERVERS = ("LAB_KAFKA_PORT", "LAB_S3_PORT", "LAB_DB_PORT")
LINES = 3_000
SECONDS_MAX = 1_200


@pytest.fixture(scope="module")
def results(images: None) -> dict[str, dict[str, Any]]:
    """The results by lesson."""
    names = PORTS + SERVERS
    with pytest.MonkeyPatch.context() as environment:
        for name, port in zip(names, free_ports(len(names)), strict=True):
            environment.setenv(name, str(port))
        options = ["--lines", str(LINES), "--rate", "0", "--malformed", "0.01", "--json"]
        done = flumelab("run", *NAMES, *options, seconds=SECONDS_MAX)
    assert done.stdout, done.stderr
    printed = json.loads(done.stdout)
    return {result["lesson"]: result for result in (printed if len(NAMES) > 1 else [printed])}


@pytest.mark.parametrize("lesson", NAMES)
def test_a_lesson_finds_what_was_sent(results: dict[str, dict[str, Any]], lesson: str) -> None:
    result = results[lesson]
    assert result["found"] == result["expected"]
    assert result["right"]
    assert result["found"][MALFORMED] > 10
    assert "\x1b" not in result["output"]
