"""What a lesson's program uses of the lab: addresses, folders, the result store and the stop.

    from flumelab.programs import lab, parse

    def count_hashtags():
        ssc = StreamingContext(SparkContext(appName="stateless"), batchDuration=1)
        events = FlumeUtils.createStream(ssc, lab.HOST, lab.PORT)
        ...
        hits.foreachRDD(lambda time, rdd: lab.store.add(time, rdd.collect()))
        return ssc

    if __name__ == "__main__":
        lab.run_streams(count_hashtags)

A program that you take home needs no lab. Write this instead:

- `HOST`, `PORT`, `AGENTS`, `LANDING` and the other constants: your own ``"localhost"``, ``4141``,
  ``"/data/landing"``.
- ``lab.run_streams(build)``::

      ssc = StreamingContext.getOrCreate(CHECKPOINT, build)
      ssc.start()
      ssc.awaitTermination()

- ``lab.run_queries(start)``::

      start()
      SparkSession.active().streams.awaitAnyTermination()

- ``lab.store.add(batch, rows)``, ``put`` and ``replace_all``: ``print(rows)``, or a transaction of
  your own database that also writes the name of the batch (see `flumelab.programs.result_store`).
- ``lab.staged(write)``: ``lambda rows, number: write(rows, number, table)``, with your own JDBC
  options ``url``, ``dbtable``, ``driver``, ``user`` and ``password`` in ``table``. The rows of a
  batch that runs again are then written again.
- ``lab.batch_name(batch, number)``: ``number``.
- ``lab.wait_until(ready)``: ``while not ready(): time.sleep(1)``.
- ``lab.count_malformed(rows)``: ``rows.writeStream.format("console").start()``.

This module is for the driver only: its import loads Spark and SQLAlchemy. A function that Spark
sends to its Python workers uses `flumelab.programs.parse`. Checkpoints refer to this module by its
name, so a restarted driver reads the constants from its own environment.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.streaming import StreamingContext

from flumelab.counts import MALFORMED
from flumelab.programs import database_retry, staging, stop
from flumelab.programs.database_retry import PatientStore
from flumelab.programs.known_failures import show_in_one_line

HOST = os.environ.get("RECEIVER_HOST", "localhost")
PORT = int(os.environ.get("RECEIVER_PORT", "4141"))
"""The port that Flume sends to, or that serves a socket."""
AGENTS = [
    (host, int(port))
    for host, _, port in (
        agent.rpartition(":")
        for agent in os.environ.get("FLUME_AGENTS", "localhost:4141").split(",")
    )
]
"""``(host, port)`` of each agent from which Spark fetches."""
LANDING = os.environ.get("LANDING_DIR", "landing")
"""The landing log of a separate receiver."""
SPOOL = os.environ.get("SPOOL_DIR", "spool")
"""The folder into which the generator renames its files."""
KAFKA_SERVERS = os.environ.get("KAFKA_SERVERS", "localhost:9092")
KAFKA_TOPIC = os.environ.get("KAFKA_TOPIC", "lines")
LOGS = os.environ.get("LOGS_URL", "logs")
"""The S3 bucket with JSON logs, or a folder."""
CHECKPOINT = os.environ.get("CHECKPOINT_DIR", "checkpoint")
"""A folder that driver and workers share."""

store = PatientStore(os.environ.get("RESULTS_URL", "sqlite:///results.db"))
"""What the program has found, by key; the lab compares it with the generator's numbers.

Each call waits up to ten minutes for an unreachable database."""


def run_streams(build: Callable[[], StreamingContext], resume: bool = True) -> None:
    """Run a program of DStreams until it fails or the lab stops it.

    :param build: makes the StreamingContext with its streams; not called after a kill, because the
        streams then come from the checkpoint
    :param resume: False to build the streams after a kill, too, if Spark does not keep their state
    """
    _prepare()
    if resume:
        ssc = StreamingContext.getOrCreate(CHECKPOINT, build)
    else:
        ssc = build()
        ssc.checkpoint(CHECKPOINT)
    ssc.start()
    stop.await_stop_of_streams(ssc, CHECKPOINT)


def run_queries(start: Callable[[], None]) -> None:
    """Run a program of Structured Streaming until a query fails or the lab stops it.

    :param start: makes the SparkSession and starts the queries
    """
    _prepare()
    start()
    stop.await_stop_of_queries(SparkSession.active())


wait_until = stop.wait_until
"""Wait until a function returns true; false if the stop comes first."""


def batch_name(batch: DataFrame, number: int) -> str:
    """Return a name for a micro-batch, which contains the query's id.

    A query that lost its checkpoint starts again with batch 0, but has a new id.
    """
    query = batch.sparkSession.sparkContext.getLocalProperty("sql.streaming.queryId")
    return f"{query} {number}"


def staged(
    write: Callable[[DataFrame, int, Mapping[str, str]], None],
) -> Callable[[DataFrame, int], None]:
    """Return a function for ``foreachBatch`` that lets Spark's tasks write to the result store.

    It gives `write` the rows, the batch's number and the options for ``write.format("jdbc")``, and
    then sets these keys in the store, in one transaction and once for each batch. If the database
    is unreachable, it waits and starts again.

    The query's rows have `key` and `value`.
    """

    def write_batch(rows: DataFrame, number: int) -> None:
        with staging.staged_rows(store, rows, number) as (marked, options):
            write(marked, number, options)

    return database_retry.patient(store, write_batch)


def count_malformed(lines: DataFrame) -> None:
    """Start a query that adds the number of these lines to the store, under `MALFORMED`."""

    def add(batch: DataFrame, number: int) -> None:
        store.add(f"malformed {number}", [(MALFORMED, batch.count())])

    query = lines.writeStream.foreachBatch(add)
    query.option("checkpointLocation", f"{CHECKPOINT}/malformed").start()


def prepare_notebook(name: str) -> None:
    """Give a notebook a checkpoint of its own, and a result store within it."""
    global CHECKPOINT, store
    CHECKPOINT = f"{os.environ.get('CHECKPOINT_DIR', 'checkpoint')}/{name}"
    Path(CHECKPOINT).mkdir(parents=True, exist_ok=True)
    store = PatientStore(f"sqlite:///{CHECKPOINT}/results.db")
    _prepare()


def _prepare() -> None:
    show_in_one_line()
    store.create()
