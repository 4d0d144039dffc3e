"""Failures that the lab knows: one line with place, fact and remedy instead of a trace."""

import os
import re
import sys
from types import TracebackType

from flumelab.errors import LabError

# A pattern in the traces of Spark, Kafka and S3; the place, from the environment; fact and remedy.
_KNOWN = (
    (
        "UnknownTopicOrPartitionException",
        "kafka://{KAFKA_SERVERS}/{KAFKA_TOPIC}",
        "there is no such topic; create it, or set KAFKA_TOPIC to an existing one",
    ),
    (
        "TimeoutException: .*(?:node assignment|listTopics|describeTopics)",
        "kafka://{KAFKA_SERVERS}",
        "no broker answers; start it, or set KAFKA_SERVERS to a running one",
    ),
    (
        "UnknownStoreException|NoSuchBucket",
        "{LOGS_URL}",
        "these keys can see no such bucket; create it, or put other keys into "
        "AWS_SHARED_CREDENTIALS_FILE",
    ),
    (
        "AccessDenied|SignatureDoesNotMatch|InvalidAccessKeyId|Status Code: 403",
        "{LOGS_URL}",
        "these keys may not read it; put keys that may into AWS_SHARED_CREDENTIALS_FILE",
    ),
    (
        "SdkClientException.*(?:Connection refused|UnknownHost|Connect to)",
        "{AWS_ENDPOINT_URL}",
        "no S3 server answers; start it, or set AWS_ENDPOINT_URL to a running one",
    ),
)
_IN_A_TRACE = re.compile(r"LabError: (.+)")


def explain(error: BaseException) -> str | None:
    """Return one line, or None if the failure is not known."""
    if isinstance(error, LabError):
        return str(error)
    text = str(error)
    if line := _IN_A_TRACE.search(text):  # raised by a function for foreachBatch
        return line[1]
    for sign, place, rest in _KNOWN:
        if re.search(sign, text):
            return f"{place.format_map(_Environment())}: {rest}"
    return None


def show_in_one_line() -> None:
    """Make this process end with one line for a known failure, and with the trace for others."""
    sys.excepthook = _show


class _Environment(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return os.environ.get(name, f"${name}")


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if line := explain(error):
        print(f"error: {line}", file=sys.stderr, flush=True)
    else:
        sys.__excepthook__(kind, error, trace)
