"""Send lines to a Kafka topic, one message each, acknowledged by all in-sync replicas.

The producer is idempotent: a line that it sends again, because an answer was lost, is in the topic
once. The message has no key; its value is the line without the newline.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loadgen.errors import LoadgenError
from loadgen.options import Destination
from loadgen.outlets.outlet import Recovered
from loadgen.outlets.sent_ledger import SentLedger
from loadgen.scenarios import Batch

ANSWER_SECONDS = 10.0  # for a broker to list its topics
DELIVERY_SECONDS = 60.0  # for a line to be acknowledged, retries included


class KafkaTopic:
    """An existing topic. Needs the package confluent-kafka."""

    def __init__(self, to: Destination, ledger: Path) -> None:
        """Raises LoadgenError if the package is not installed."""
        self._to = to
        self._ledger = SentLedger(ledger)
        try:
            import confluent_kafka
        except ImportError as error:
            raise LoadgenError(
                to.url, "confluent-kafka is not installed", "pip install confluent-kafka"
            ) from error
        self._kafka = confluent_kafka
        self._producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": to["servers"],
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.timeout.ms": int(DELIVERY_SECONDS * 1000),
                "log_level": 0,  # errors are reported here, on one line
            }
        )

    def recover(self) -> Recovered:
        """Ask a broker whether the topic exists."""
        try:
            topics = self._producer.list_topics(timeout=ANSWER_SECONDS).topics
        except self._kafka.KafkaException as error:
            raise self._error(_reason(error.args[0]), "give a broker that answers") from error
        if self._to["topic"] not in topics:
            raise self._error(f"no topic {self._to['topic']}", "create it first")
        return self._ledger.recover()

    def publish(self, batch: Batch, stem: str) -> str:
        lines = batch.data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        acknowledged = 0
        reason = "no answer in time"

        def answered(error: Any, message: Any) -> None:
            nonlocal acknowledged, reason
            if error:
                reason = _reason(error)
            else:
                acknowledged += 1

        with self._ledger.recorded(batch, stem) as name:
            try:
                for line in lines:
                    self._produce(line, answered)
            except self._kafka.KafkaException as error:
                reason = _reason(error.args[0])
            self._producer.flush(DELIVERY_SECONDS + ANSWER_SECONDS)
        if unsure := len(lines) - acknowledged:
            raise self._error(
                f"{unsure:,} lines of {name} were not acknowledged ({reason})",
                "start over once the topic accepts messages",
            )
        return name

    def close(self) -> None:
        """Do nothing, because every line was acknowledged before `publish` returned."""

    def _produce(self, line: bytes, answered: Any) -> None:
        while True:
            try:
                self._producer.produce(self._to["topic"], line, on_delivery=answered)
                self._producer.poll(0)
                return
            except BufferError:
                self._producer.poll(1.0)  # the queue is full until some lines are acknowledged

    def _error(self, fact: str, remedy: str) -> LoadgenError:
        return LoadgenError(self._to.url, fact, remedy)


def _reason(error: Any) -> str:
    return " ".join(str(error.str()).split())
