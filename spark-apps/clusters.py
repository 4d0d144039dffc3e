"""Where do the sensors stand? Clusters that follow a drift: streaming k-means.

    readings ─▶ Flume ─┬─▶ temperatures ─▶ StreamingKMeans: learn, and gradually forget ─▶ centres
                       └─▶ devices ─▶ readings of each ─▶ result store

Ten sensors are in a cold store, ten in a hall and ten beside ovens; all three places get warmer and
colder. Each batch moves the centres towards its own readings. A reading's weight halves with every
2,000 readings that follow it, so that the centres can follow the drift.

Run it:  flumelab run clusters
Expect:  each second, three temperatures, some 26 and 30 degrees apart, that rise and fall together;
         in the store, the generator's number of readings for each device.
"""

from operator import add

from pyspark import SparkContext
from pyspark.mllib.clustering import StreamingKMeans
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.programs import lab, parse

START = [[0.0], [25.0], [50.0]]  # a guess; degrees Celsius
HALF_LIFE = 2000.0  # readings


def show(model):
    def print_centres(time, rdd):
        centres = " ".join(f"{centre:6.2f}" for [centre] in model.latestModel().centers)
        print(f"{time:%T}  centres {centres}")

    return print_centres


def follow_drift():
    ssc = StreamingContext(SparkContext(appName="clusters"), batchDuration=1)
    events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT, bodyDecoder=parse.reading)
    model = StreamingKMeans(k=3).setInitialCenters(START, [1.0] * 3)
    model.setHalfLife(HALF_LIFE, "points")

    readings = events.map(lambda event: event[1]).cache()
    good = readings.filter(lambda reading: reading)
    model.trainOn(good.map(lambda reading: [reading.temperature]))
    good.foreachRDD(show(model))

    devices = readings.map(lambda reading: (reading.device if reading else parse.MALFORMED, 1))
    counts = devices.reduceByKey(add, 1)
    counts.foreachRDD(lambda time, rdd: lab.store.add(time, rdd.collect()))
    return ssc


if __name__ == "__main__":
    lab.run_streams(follow_drift, resume=False)  # the model is in no checkpoint
