"""Counts words in a window and since the start; goes on from its checkpoint.

    count_in_windows.py '{"folder": "/tmp/x", "port": 4141}'

In the folder: counts.jsonl with a line for each batch and kind of count, the file inverse as soon
as the window's inverse function has been called, and the checkpoint.
"""

import json
import sys
from operator import add
from pathlib import Path

from pyspark import SparkConf, SparkContext
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

JOB = json.loads(sys.argv[1])
FOLDER = JOB["folder"]
CHECKPOINT = f"{FOLDER}/checkpoint"
BATCH_SECONDS = 1
WINDOW_SECONDS = 5  # Spark takes the inverse function from five slides on
CONF = {
    "spark.master": "local[3]",
    "spark.app.name": "count-in-windows",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.python.unix.domain.socket.enabled": "true",
    "spark.streaming.receiver.writeAheadLog.enable": "true",
}


def subtract(counted, leaving):
    Path(FOLDER, "inverse").touch()
    return counted - leaving


def recorder(kind):
    def record(batch_time, rdd):
        line = {"kind": kind, "time": batch_time.timestamp(), "counts": dict(rdd.collect())}
        with Path(FOLDER, "counts.jsonl").open("a", encoding="utf-8") as output:
            output.write(json.dumps(line) + "\n")

    return record


def count():
    ssc = StreamingContext(SparkContext(conf=SparkConf().setAll(CONF.items())), BATCH_SECONDS)
    ssc.checkpoint(CHECKPOINT)
    words = FlumeUtils.createStream(ssc, "127.0.0.1", JOB["port"]).map(lambda event: event[1])
    batch = words.map(lambda word: (word, 1)).reduceByKey(add, 1).cache()
    window = batch.reduceByKeyAndWindow(add, subtract, WINDOW_SECONDS, BATCH_SECONDS, 1)
    state = batch.updateStateByKey(lambda new, known: sum(new) + (known or 0), 1)
    state.foreachRDD(recorder("state"))
    window.foreachRDD(recorder("window"))
    return ssc


if __name__ == "__main__":
    ssc = StreamingContext.getOrCreate(CHECKPOINT, count)
    ssc.start()
    ssc.awaitTermination()
