"""Where do the sensors stand? Clusters that follow a drift: streaming k-means.

    readings ─▶ Flume ─▶ temperatures ─┬─▶ StreamingKMeans: learn, and forget by and by
                                       └─▶ each reading's cluster ─▶ print, result store

Ten sensors stand in a cold store, ten in a hall, ten beside ovens, and it gets warmer and colder in
all three. Each batch moves the centres towards its own readings; older ones count for less the
longer ago they were, by the decay factor, so that the centres can follow.

Run it:  flumelab run clusters
Expect:  each second three temperatures, some 26 and 30 degrees apart, that rise and fall together;
         the store has each device's readings as the generator knows them.
"""

import os
from operator import add

from pyspark import SparkContext
from pyspark.mllib.clustering import StreamingKMeans
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.counts import MALFORMED
from flumelab.programs import parse as formats
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop

HOST = os.environ.get("RECEIVER_HOST", "localhost")
PORT = int(os.environ.get("RECEIVER_PORT", "4141"))
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")

START = [[0.0], [25.0], [50.0]]  # a guess; degrees Celsius
HALF_LIFE = 2000.0  # readings after which one counts half


def show(model):
    def print_centres(time, rdd):
        centres = " ".join(f"{centre:6.2f}" for [centre] in model.latestModel().centers)
        print(f"{time:%T}  centres {centres}")

    return print_centres


def follow_drift():
    ssc = StreamingContext(SparkContext(appName="clusters"), batchDuration=1)
    ssc.checkpoint(CHECKPOINT)
    model = StreamingKMeans(k=3).setInitialCenters(START, [1.0] * 3)
    model.setHalfLife(HALF_LIFE, "points")

    events = FlumeUtils.createStream(ssc, HOST, PORT, bodyDecoder=formats.reading)
    readings = events.map(lambda event: event[1]).cache()
    good = readings.filter(lambda reading: reading)
    model.trainOn(good.map(lambda reading: [reading.temperature]))
    good.foreachRDD(show(model))

    devices = readings.map(lambda reading: (reading.device if reading else MALFORMED, 1))
    counts = devices.reduceByKey(add, 1)
    counts.foreachRDD(lambda time, rdd: RESULTS.add_batch(str(time), rdd.collect()))
    return ssc


if __name__ == "__main__":
    RESULTS.create()
    ssc = follow_drift()
    ssc.start()
    await_stop(ssc, CHECKPOINT)
