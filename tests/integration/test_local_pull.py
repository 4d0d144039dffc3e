"""The whole lab with a program that fetches from Flume, as plain processes."""

from collections.abc import Iterator

import pytest

from tests.support.lab import LocalLab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLab]:
    lab = LocalLab(tmp_path_factory.mktemp("lab"))
    lab.ok("up", "--app", "pull")
    yield lab
    lab.end()


def test_every_url_that_spark_fetches_is_counted_as_generated(lab: LocalLab) -> None:
    lab.ok("feed", "--lines", "200000")
    assert lab.balanced()["counted"] == 200_000
