"""Counts each batch by itself, and continues from its checkpoint.

    count_batches.py '{"folder": "/tmp/x", "port": 4141, "conf": {"spark.master": "local[3]"}}'

In the folder: counted.jsonl with a line for each batch that has events, made of the first 20
characters of each; and the checkpoint. A batch that begins with "slow" makes the file begun, and
waits for the file go, and then reads its events again. One that begins with "bad" fails until that
file is there, and the program takes "linger" seconds to end. Each batch takes one of "pauses", in
s, at random.

"seconds" is the batch interval, "level" a storage level. "streams" is how many streams with an
output there are on the port; "unread" is how many without one there are on "unread_port". "ports"
are further ports, and "elsewhere" is the address of a further stream on the port. With "outside"
the streams are made outside of the function that getOrCreate calls; with "plain", too, they are
Spark's own. With "ends" the program does not wait for them.
"""

import json
import random
import sys
import time
from pathlib import Path

from pyspark import SparkConf, SparkContext, StorageLevel
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

JOB = json.loads(sys.argv[1])
FOLDER = Path(JOB["folder"])
CHECKPOINT = str(FOLDER / "checkpoint")
CONF = {
    "spark.app.name": "count-batches",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.python.unix.domain.socket.enabled": "true",
}


def count(_, rdd):
    texts = rdd.map(lambda event: event[1][:20])
    counted = texts.collect()
    go = FOLDER / "go"
    if not counted:
        return
    if counted[0].startswith("bad") and not go.exists():
        raise ValueError("a bad batch")
    if counted[0].startswith("slow"):
        (FOLDER / "begun").touch()
        while not go.exists():
            time.sleep(0.1)
        counted = texts.collect()
    time.sleep(random.choice(JOB.get("pauses", [0])))
    with (FOLDER / "counted.jsonl").open("a", encoding="utf-8") as output:
        output.write(json.dumps(counted) + "\n")


def create_streams(ssc):
    def stream(port, host="127.0.0.1"):
        if JOB.get("plain"):
            return ssc.socketTextStream(host, port)
        level = getattr(StorageLevel, JOB.get("level", "MEMORY_AND_DISK_2"))
        return FlumeUtils.createStream(ssc, host, port, level)

    for _ in range(JOB.get("unread", 0)):
        stream(JOB["unread_port"])
    if "elsewhere" in JOB:
        stream(JOB["port"], JOB["elsewhere"]).foreachRDD(count)
    for port in [JOB["port"]] * JOB.get("streams", 1) + JOB.get("ports", []):
        stream(port).foreachRDD(count)


def create_context():
    conf = SparkConf().setAll((CONF | JOB["conf"]).items())
    ssc = StreamingContext(SparkContext(conf=conf), JOB.get("seconds", 0.5))
    ssc.checkpoint(CHECKPOINT)
    if not JOB.get("outside"):
        create_streams(ssc)
    return ssc


if __name__ == "__main__":
    ssc = StreamingContext.getOrCreate(CHECKPOINT, create_context)
    if JOB.get("outside"):
        create_streams(ssc)
    ssc.start()
    try:
        if not JOB.get("ends"):
            ssc.awaitTermination()
    finally:
        time.sleep(JOB.get("linger", 0))
