"""Lessons of Structured Streaming as notebooks: their cells find what the generator sent.

Those whose cells differ most; `make lessons` runs all.
"""

from __future__ import annotations

from pathlib import Path

import nbclient
from nbformat.v4 import new_code_cell, new_notebook

from flumelab import notebooks
from flumelab.lessons import catalogue
from flumelab.lessons.catalogue import Input
from flumelab.programs.result_store import ResultStore
from tests.support.lesson import LESSONS, ROOT, LessonInput, chosen
from tests.support.spark import environment

ALL = [
    lesson.name
    for lesson in [catalogue.LESSONS["structured"], *LESSONS.values()]
    if lesson.program.reads in (Input.LANDING, Input.FILES)
]
NAMES = chosen(ALL, "structured late-events from-files anomalies")
SETTINGS = f"--properties-file {ROOT}/spark-conf/spark-defaults.conf"
PLACES = """\
import os
from flumelab.programs import lab
os.environ["CHECKPOINT_DIR"] = {folder!r}
lab.LANDING, lab.SPOOL = {folder!r} + "/landing", {folder!r} + "/spool"
"""
SECONDS_MAX = 120


def test_the_cells_of_each_notebook_find_what_was_sent(tmp_path: Path) -> None:
    """All of them in one kernel, which keeps its Spark, one after the other."""
    lessons: dict[str, LessonInput] = {}
    cells = []
    for lesson in map(catalogue.find, NAMES):
        folder = tmp_path / lesson.name
        folder.mkdir()
        lessons[lesson.name] = run = LessonInput(lesson, folder)
        run.land()
        cells.append(new_code_cell(PLACES.format(folder=str(folder))))
        program = ROOT / "spark-apps" / lesson.program.file
        # Here the input is in the landing log already.
        cells += [
            each for each in notebooks.notebook(program).cells if "!python" not in each.source
        ]
        run.store = ResultStore(f"sqlite:///{folder}/{program.stem}/results.db")
    book = new_notebook(cells=cells, metadata={"kernelspec": notebooks.KERNEL})
    variables = environment(PYSPARK_SUBMIT_ARGS=f"{SETTINGS} --master local[2] pyspark-shell")
    nbclient.NotebookClient(book, timeout=SECONDS_MAX).execute(env=variables)

    for name, run in lessons.items():
        assert run.found() == run.truth(), name
