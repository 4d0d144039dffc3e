"""Records what streams deliver: a JSON line for each batch of each stream, into a file.

    record_events.py '{"master": "local[3]", "output": "events.jsonl", "union": false,
                       "conf": {"spark.ui.enabled": "false"},
                       "streams": [{"host": "127.0.0.1", "port": 4141, "decompress": false,
                                    "decoder": "hex"},
                                   {"addresses": [["127.0.0.1", 4000]],
                                    "options": {"parallelism": 2}, "decoder": "utf8"}]}'

With "union" the streams are one, number 0; with "checkpoint" there is one; with
"seconds_per_event" it takes so long over each. Ends, gracefully on a line ``stop`` and at once
otherwise, when its standard input does.
"""

import json
import sys
import time
from pathlib import Path

from pyspark import SparkConf, SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils, utf8_decoder

DECODERS = {"utf8": utf8_decoder, "hex": bytes.hex}
BATCH_SECONDS = 0.5


def create_stream(ssc, stream):
    decoder = DECODERS[stream["decoder"]]
    if "addresses" in stream:
        addresses = ((host, port) for host, port in stream["addresses"])
        options = stream.get("options", {})
        return FlumeUtils.createPollingStream(ssc, addresses, bodyDecoder=decoder, **options)
    return FlumeUtils.createStream(
        ssc,
        stream["host"],
        stream["port"],
        enableDecompression=stream["decompress"],
        bodyDecoder=decoder,
    )


def recorder(job, number):
    def record(batch_time, rdd):
        if rdd.getNumPartitions():
            batch = {
                "stream": number,
                "time": batch_time.isoformat(),
                "partitions": rdd.getNumPartitions(),
                "events": rdd.collect(),
            }
            with Path(job["output"]).open("a", encoding="utf-8") as output:
                output.write(json.dumps(batch) + "\n")
            time.sleep(job.get("seconds_per_event", 0) * len(batch["events"]))

    return record


def main():
    job = json.loads(sys.argv[1])
    conf = SparkConf().setMaster(job["master"]).setAppName("record-events")
    ssc = StreamingContext(SparkContext(conf=conf.setAll(job["conf"].items())), BATCH_SECONDS)

    if "checkpoint" in job:
        ssc.checkpoint(job["checkpoint"])

    streams = [create_stream(ssc, stream) for stream in job["streams"]]
    if job["union"]:
        streams = [ssc.union(*streams)]

    for number, events in enumerate(streams):
        events.foreachRDD(recorder(job, number))
    ssc.start()
    command = sys.stdin.readline()
    ssc.stop(stopSparkContext=True, stopGraceFully=command == "stop\n")


if __name__ == "__main__":
    main()
