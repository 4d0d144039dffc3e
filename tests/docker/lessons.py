"""Run all lessons in one Spark, one after the other; print a line of JSON for each.

It runs in a container of the lab's image, with this checkout mounted: see
test_lessons_in_docker.py.
"""

import json
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

from tests.support.lesson import LESSONS, Lesson

if __name__ == "__main__":
    session = SparkSession.builder.appName("lessons").getOrCreate()
    for name, app in LESSONS.items():
        with tempfile.TemporaryDirectory() as folder:
            found, expected = Lesson(app, Path(folder), session).run()
        print(json.dumps({"lesson": name, "found": found, "expected": expected}), flush=True)
