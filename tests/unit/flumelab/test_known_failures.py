"""A known failure is one line: place, fact, remedy."""

import pytest

from flumelab.errors import LabError
from flumelab.programs.known_failures import explain

SPARK = "[STREAM_FAILED] Query [id = 1, runId = 2] terminated with exception: "


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            SPARK + "org.apache.kafka.common.errors.UnknownTopicOrPartitionException: This server"
            " does not host this topic-partition. SQLSTATE: XXKST\n=== Streaming Query ===",
            "kafka://broker:9092/lines: there is no such topic; ",
        ),
        (
            SPARK + "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node"
            " assignment. Call: describeTopics",
            "kafka://broker:9092: no broker answers; ",
        ),
        (
            "An error occurred while calling o42.text.\n:"
            " org.apache.hadoop.fs.s3a.UnknownStoreException: `s3a://lab/': Bucket does not exist.",
            "s3a://lab/: these keys can see no such bucket; ",
        ),
        (
            ": java.nio.file.AccessDeniedException: lab: S3Exception: The request signature we"
            " calculated does not match (Service: S3, Status Code: 403)",
            "s3a://lab/: these keys may not read it; ",
        ),
        (
            ": java.net.ConnectException: listObjects() on s3a://lab/: software.amazon.awssdk.core"
            ".exception.SdkClientException: Unable to execute HTTP request: Connect to s3:7070",
            "http://s3:7070: no S3 server answers; ",
        ),
    ],
)
def test_a_known_trace_becomes_a_line_with_place_and_remedy(
    monkeypatch: pytest.MonkeyPatch, text: str, line: str
) -> None:
    monkeypatch.setenv("KAFKA_SERVERS", "broker:9092")
    monkeypatch.setenv("KAFKA_TOPIC", "lines")
    monkeypatch.setenv("LOGS_URL", "s3a://lab/")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://s3:7070")
    found = explain(RuntimeError(text))
    assert found
    assert found.startswith(line)
    assert "\n" not in found


def test_an_error_of_the_lab_keeps_its_line_in_a_function_for_foreach_batch_too() -> None:
    assert explain(LabError("results.db: disk is full; free some")) == (
        "results.db: disk is full; free some"
    )
    trace = f"{SPARK}Traceback (most recent call last):\nflumelab.errors.LabError: a: b; c\n"
    assert explain(RuntimeError(trace)) == "a: b; c"


def test_an_unknown_failure_keeps_its_trace() -> None:
    assert explain(RuntimeError("something else")) is None
