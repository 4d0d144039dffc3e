"""Which sensors are broken? A pipeline, trained on what has come, applied to what comes.

    readings ─▶ Flume ─▶ landing log ─┬─▶ the first thousand: train assembler + regression
                                      └─▶ all: pressure as the temperature tells ─▶ anomalies

In a sealed vessel the pressure follows the temperature. The regression learns by how much; a
reading that is 25 hPa or more from what it predicts is an anomaly: the thermometer is off, or the
vessel leaks. A trained model is a transformer like any other, for a stream as for a table.

Run it:  flumelab run anomalies
Expect:  what the regression has learnt, 3.45 hPa a degree, and each anomaly with its device, time
         and distance; at last all that the generator has planted, and no other.
"""

import os

from pyspark.ml import Pipeline
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

from flumelab.counts import MALFORMED
from flumelab.programs import parse as formats
from flumelab.programs.result_store import ResultStore
from flumelab.programs.streaming import await_stop_of_queries, wait_unless_stopped

LANDING = os.environ.get("LANDING_DIR", "landing")
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
RESULTS = ResultStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))
TRAINING, FAR = 1000, 25  # readings, hPa

SCHEMA = "time timestamp, device string, temperature double, pressure double"


def readings(reader):
    events = reader.format("flume").option("landing", LANDING).schema("body binary").load()
    read = udf(formats.reading, SCHEMA)
    return events.select(read("body").alias("read")).select("read.*")


def train(history):
    features = VectorAssembler(inputCols=["temperature"], outputCol="features")
    line = LinearRegression(labelCol="pressure", predictionCol="predicted")
    model = Pipeline(stages=[features, line]).fit(history)
    print(f"learnt: {model.stages[1].coefficients[0]:.2f} hPa a degree")
    return model


def store(anomalies, number):
    found = anomalies.collect()
    for row in found:
        print(f"{row.time:%T} {row.device}: {row.pressure - row.predicted:+.0f} hPa")
    RESULTS.put_batch(f"anomalies {number}", [(f"{r.time:%FT%TZ} {r.device}", 1) for r in found])


def store_malformed(batch, number):
    RESULTS.add_batch(f"malformed {number}", [(MALFORMED, batch.count())])


def find_anomalies(spark):
    history = readings(spark.read).where("time IS NOT NULL")
    if not wait_unless_stopped(lambda: history.count() >= TRAINING):
        return
    model = train(history)
    lines = readings(spark.readStream)
    judged = model.transform(lines.where("time IS NOT NULL"))
    anomalies = judged.where(f"abs(pressure - predicted) > {FAR}").writeStream.foreachBatch(store)
    anomalies.option("checkpointLocation", f"{CHECKPOINT}/anomalies").start()
    malformed = lines.where("time IS NULL").writeStream.foreachBatch(store_malformed)
    malformed.option("checkpointLocation", f"{CHECKPOINT}/malformed").start()


if __name__ == "__main__":
    RESULTS.create()
    spark = SparkSession.builder.appName("anomalies").getOrCreate()
    find_anomalies(spark)
    await_stop_of_queries(spark)
