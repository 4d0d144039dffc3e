"""A program written for Spark 2.x runs as it is, by a bare ``spark-submit``.

One that listens: test_wheel.py, with nothing but the wheel installed.
"""

import sys
from pathlib import Path

from tests.support.avro_client import lines
from tests.support.spark import CourseProgram, environment
from tests.support.spark_sink import SparkSinkStandIn


def test_a_course_program_that_pulls_counts_a_log_as_it_did_on_spark_2(
    installed_jar: Path, tmp_path: Path
) -> None:
    python = environment(Path(sys.executable))
    with (
        SparkSinkStandIn() as sink,
        CourseProgram(tmp_path, python, name="course_pull_counts.py", port=sink.port) as program,
    ):
        sink.put(lines(*program.LOG.read_bytes().splitlines()))

        program.wait_for_the_right_counts()
