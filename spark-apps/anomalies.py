"""Which sensors are broken? A pipeline, trained on the first readings, applied to the stream.

    readings ─▶ Flume ─▶ landing log ─┬─▶ the first thousand: train assembler + regression
                                      └─▶ all: predict the pressure ─▶ far from it: anomalies

In a sealed vessel the pressure follows the temperature. The regression learns by how much. A
reading more than 25 hPa from its prediction is an anomaly: the thermometer is off, or the vessel
leaks. A trained model is a transformer like any other, for streams and for tables.

Run it:  flumelab run anomalies
Expect:  what the regression has learnt, 3.45 hPa a degree, and each anomaly with its device, time
         and distance; in the end, all faults that the generator has planted, and no others.
"""

from pyspark.ml import Pipeline
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

from flumelab.programs import lab, parse

TRAINING, FAR = 1000, 25  # readings, hPa


def readings(reader):
    events = reader.format("flume").option("landing", lab.LANDING).schema("body binary").load()
    read = udf(parse.reading, parse.READING_SCHEMA)("body")
    return events.select(read.alias("read")).select("read.*")


def train(history):
    features = VectorAssembler(inputCols=["temperature"], outputCol="features")
    line = LinearRegression(labelCol="pressure", predictionCol="predicted")
    model = Pipeline(stages=[features, line]).fit(history)
    print(f"learnt: {model.stages[1].coefficients[0]:.2f} hPa a degree")
    return model


def store(anomalies, number):
    for row in (found := anomalies.collect()):
        print(f"{row.time:%T} {row.device}: {row.pressure - row.predicted:+.0f} hPa")
    lab.store.put(number, [(f"{row.time:%FT%TZ} {row.device}", 1) for row in found])


def find_anomalies():
    spark = SparkSession.builder.appName("anomalies").getOrCreate()
    history = readings(spark.read).where("time IS NOT NULL")
    if lab.wait_until(lambda: history.count() >= TRAINING):
        lines = readings(spark.readStream)
        judged = train(history).transform(lines.where("time IS NOT NULL"))
        anomalies = judged.where(f"abs(pressure - predicted) > {FAR}")
        query = anomalies.writeStream.foreachBatch(store)
        query.option("checkpointLocation", f"{lab.CHECKPOINT}/anomalies").start()
        lab.count_malformed(lines.where("time IS NULL"))


if __name__ == "__main__":
    lab.run_queries(find_anomalies)
