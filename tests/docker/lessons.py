"""Run the named lessons in one Spark, one after the other, and print a line of JSON for each.

A container of the lab's image runs it, with this checkout mounted: see test_lessons_in_docker.py.
"""

import json
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

from tests.support.lesson import LESSONS, LessonInProcess

if __name__ == "__main__":
    session = SparkSession.builder.appName("lessons").getOrCreate()
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            found, expected = LessonInProcess(LESSONS[name], Path(folder), session).run()
        print(json.dumps({"lesson": name, "found": found, "expected": expected}), flush=True)
