"""Run the lab's program for Structured Streaming, and see how much it has committed."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flumelab.programs.result_store import ResultStore
from support import ROOT
from support.harness import PYTHON, running

PROGRAM = ROOT / "spark-apps" / "url_counts_structured.py"


@contextmanager
def counting(
    folder: Path, landing: Path, program: Path = PROGRAM, *options: str
) -> Iterator[Callable[[], int]]:
    """Run a program in Spark, local[2], with the lab's conf and further options of spark-submit.

    Yields a function that returns how many lines the result store has counted.
    """
    folder.mkdir()
    database = folder / "results.db"
    store = ResultStore(f"sqlite:///{database}")
    store.create()
    command = ["spark-submit", "--master", "local[2]", "--driver-memory", "1g"]
    with (
        running(
            [*command, "--conf", "spark.ui.enabled=false", *options, str(program)],
            **PYTHON,
            SPARK_CONF_DIR=str(ROOT / "spark-conf"),
            LANDING_DIR=str(landing),
            CHECKPOINT_DIR=str(folder / "checkpoint"),
            STOP_FILE=str(folder / "stop"),
            RESULTS_URL=store.url,
            TZ="UTC",
        ),
        closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection,
    ):
        yield lambda: connection.execute(
            "select coalesce(sum(lines), 0) from counted_batches"
        ).fetchone()[0]
