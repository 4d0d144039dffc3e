"""Spark's side of SparkFlumeProtocol: fetches batches and acks them."""

import io
import json
from typing import Any, NamedTuple, cast

import fastavro
from pyspark_flume.avro_binary import encode_long as avro_long

from tests.support.avro_client import BOTH, DONE, AvroClient, avro_string, handshake
from tests.support.flume import Event
from tests.support.spark import ROOT

PROTOCOL = "connector/java/spark-sink/src/main/resources/org/apache/spark/streaming/flume/sink"
SPARK_2_4 = bytes.fromhex("45f3c2c4aa53244ceaacda6731dedffb")


class Batch(NamedTuple):
    error: str
    sequence_number: str
    events: list[Event]


class Poller(AvroClient):
    """One connection to a sink on 127.0.0.1."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        text = (ROOT / PROTOCOL / "SparkFlumeProtocol.avpr").read_text()
        self._batch = fastavro.parse_schema(json.loads(text)["types"])[-1]

    def poll(self, events_max: int) -> Batch:
        answer = self._request("getEventBatch", avro_long(events_max))
        batch = cast(
            dict[str, Any], fastavro.schemaless_reader(io.BytesIO(answer), self._batch, None)
        )
        events = [(event["headers"], event["body"]) for event in batch["events"]]
        return Batch(batch["errorMsg"], batch["sequenceNumber"], events)

    def ack(self, batch: Batch) -> None:
        assert self._request("ack", avro_string(batch.sequence_number)) == b""

    def _request(self, message: str, parameter: bytes) -> bytes:
        """Make a call and return its response. The first call carries the handshake.

        Spark's old sink knows no other way.
        """
        first = self.serial == 0
        greeting = handshake(SPARK_2_4, SPARK_2_4) if first else b""
        answer = self.call(greeting + b"\0" + avro_string(message) + parameter)
        head = BOTH + DONE if first else DONE
        assert answer.startswith(head)
        return answer[len(head) :]
