"""The pull profile of compose.yaml, by flumelab: Spark fetches from the agent."""

from collections.abc import Iterator

import pytest

from tests.support.docker_lab import flumelab, lab_of, ledger


@pytest.fixture(scope="module", autouse=True)
def lab(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with lab_of("pull", tmp_path_factory.mktemp("state")):
        yield


def test_every_url_that_spark_fetches_is_counted_as_generated() -> None:
    fed = flumelab("feed", "--lines", "50000")
    assert fed.returncode == 0, fed.stderr

    result = ledger()

    assert result["balanced"], result
    assert result["counted"] == 50_000
