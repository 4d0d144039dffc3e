"""`flumelab run` in Docker: every program but those with tests of their own, on one cluster."""

import json
from typing import Any

import pytest

from flumelab import apps
from flumelab.counts import MALFORMED
from tests.support.docker_lab import PORTS, flumelab
from tests.support.ports import free_ports

OWN = ("url-counts", "structured", "s3-to-mysql")
NAMES = [name for name in apps.APPS if name not in OWN]
SERVERS = ("LAB_KAFKA_PORT", "LAB_S3_PORT", "LAB_DB_PORT")
LINES = 3_000
SECONDS_MAX = 1_200


@pytest.fixture(scope="module")
def results(images: None) -> dict[str, dict[str, Any]]:
    """By program."""
    with pytest.MonkeyPatch.context() as environment:
        for name, port in zip(PORTS + SERVERS, free_ports(6), strict=True):
            environment.setenv(name, str(port))
        options = ["--lines", str(LINES), "--rate", "0", "--malformed", "0.01", "--json"]
        done = flumelab("run", *NAMES, *options, seconds=SECONDS_MAX)
    assert done.stdout, done.stderr
    return {result["app"]: result for result in json.loads(done.stdout)}


@pytest.mark.parametrize("app", NAMES)
def test_a_program_finds_what_was_sent(results: dict[str, dict[str, Any]], app: str) -> None:
    result = results[app]
    assert result["found"] == result["expected"]
    assert result["right"]
    assert result["found"][MALFORMED] > 10
    assert "\x1b" not in result["output"]
