"""How fast a landing log is counted, against the same lines from Spark's own text source.

Prints ``drain_ratio: R``: rows/s of ``groupBy(url).count()`` from ``format("flume")`` over rows/s
of the same query from ``format("text")``, in micro-batches of 300,000 rows (for the text source,
files of that many lines), local[2]. Rows/s are the input rows of Spark's progress over its
triggerExecution, without the first three micro-batches of each run. Both sides alternate in one
session. Three runs of each come first and are not counted, because the JVM's compiler is busy until
then. The ratio with micro-batches of 1,000,000 rows is printed as well; these are few, so only the
first one of each run is left out. BENCH_LINES: [3000000].
"""

import os
import tempfile
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import expr
from pyspark_flume.events.record import encode_event
from pyspark_flume.ingest.line_identity import identify
from pyspark_flume.landing import LandingWriter
from support import ROOT
from support.harness import PYTHON, medians, size
from support.lines import LINES_PER_BATCH, batches_of_lines

LINES = size("BENCH_LINES", 3_000_000)
# Rows in a micro-batch, and how many micro-batches are left out at the beginning of a run.
TRIGGERS = ((LINES // 10, 3), (LINES // 3, 1))
URL = "split(line, ' ')[6] AS url"
BATCHES_PER_COMMIT = 100
ROUNDS = size("BENCH_ROUNDS", 9)  # with three rounds, the ratios vary from 0.8 to 1.1
WARM_UPS = 3


def write(work: Path) -> None:
    """Write the same lines to a landing log and to text files, a folder per micro-batch size."""
    texts = [work / str(rows) for rows, _ in TRIGGERS]
    for text in texts:
        text.mkdir()
    with LandingWriter.open(work / "landing", identify) as writer:
        for number, lines in enumerate(batches_of_lines(LINES)):
            events = b"".join(encode_event({}, line) for line in lines)
            writer.append(events, len(lines), [])
            if number % BATCHES_PER_COMMIT == 0:
                writer.commit()
            for text, (rows, _) in zip(texts, TRIGGERS, strict=True):
                file = text / f"{number * LINES_PER_BATCH // rows:03}.log"
                with file.open("ab") as out:
                    out.writelines(line + b"\n" for line in lines)
        writer.commit()


def from_flume(spark: SparkSession, work: Path, rows: int) -> DataFrame:
    # One column with a string, like the text source.
    source = spark.readStream.format("flume").schema("body string")
    source = source.option("landing", str(work / "landing"))
    return source.option("maxRowsPerTrigger", rows).load().selectExpr("body AS line")


def from_text(spark: SparkSession, work: Path, rows: int) -> DataFrame:
    source = spark.readStream.format("text").option("maxFilesPerTrigger", 1)
    return source.load(str(work / str(rows))).selectExpr("value AS line")


def rows_per_second(lines: DataFrame, skip: int) -> float:
    """Read all lines and return the rate of all micro-batches but the first `skip`."""
    with tempfile.TemporaryDirectory() as checkpoint:
        counts = lines.select(expr(URL)).groupBy("url").count()
        writer = counts.writeStream.format("noop").outputMode("update")
        writer = writer.option("checkpointLocation", checkpoint).trigger(availableNow=True)
        query = writer.start()
        query.awaitTermination()
        batches = [batch for batch in query.recentProgress if batch.numInputRows]
    assert sum(batch.numInputRows for batch in batches) == LINES
    rows = sum(batch.numInputRows for batch in batches[skip:])
    milliseconds = sum(batch.durationMs["triggerExecution"] for batch in batches[skip:])
    return 1000 * rows / milliseconds


def ratio(spark: SparkSession, work: Path, rows: int, skip: int) -> float:
    """Return the ratio of flume to text, after the warm-up."""
    sides = {}
    for name, source in (("text", from_text), ("flume", from_flume)):
        lines = source(spark, work, rows)
        sides[f"{name}, {rows:,} rows a trigger"] = partial(rows_per_second, lines, skip)
    for _ in range(WARM_UPS):
        for warm_up in sides.values():
            warm_up()
    text, flume = medians(sides, "rows/s", ROUNDS).values()
    return flume / text


if __name__ == "__main__":
    os.environ |= PYTHON | {"SPARK_CONF_DIR": str(ROOT / "spark-conf")}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write(work)
        spark = (
            SparkSession.builder.master("local[2]")
            .config("spark.driver.memory", "2g")
            # Not the lab's options: a long run is faster with the JVM's better compiler.
            .config("spark.driver.defaultJavaOptions", "-XX:+UseG1GC")
            .config("spark.ui.enabled", "false")
            .getOrCreate()
        )
        small, large = (ratio(spark, work, rows, skip) for rows, skip in TRIGGERS)
        spark.stop()
    print(f"with {TRIGGERS[1][0]:,} rows a trigger: {large:.2f}")
    print(f"drain_ratio: {small:.2f}")
