"""The whole lab with a program that fetches from Flume, as plain processes."""

from collections.abc import Iterator

import pytest

from tests.support.lab import LocalLab
from tests.support.spark import streaming_tab, wait_for


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLab]:
    lab = LocalLab(tmp_path_factory.mktemp("lab"))
    lab.ok("up", "--lesson", "pull")
    yield lab
    lab.end()


def test_every_url_that_spark_fetches_is_counted_as_generated(lab: LocalLab) -> None:
    lab.ok("feed", "--lines", "200000")
    assert lab.balanced()["counted"] == 200_000


def test_the_streaming_tab_shows_the_receiver_its_rates_and_records(lab: LocalLab) -> None:
    streaming = streaming_tab(lab.ports[2])

    def records() -> int:
        return int(streaming("statistics")["numProcessedRecords"])

    wait_for(lambda: records() == 200_000, "the last batch is completed")
    (receiver,) = streaming("receivers")
    assert (receiver["streamName"], receiver["isActive"], receiver["executorHost"]) == (
        "FlumePollingReceiver-0", True, "localhost"
    )  # fmt: skip
    assert sum(rate for _, rate in receiver["eventRates"]) == 200_000, "batches of a second"
