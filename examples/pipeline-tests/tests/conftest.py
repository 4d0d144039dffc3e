import os
import sys

import pytest
from pyspark.sql import SparkSession

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # the workers have the same packages


@pytest.fixture(scope="session")
def spark():
    builder = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", 1)
    session = builder.config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()
