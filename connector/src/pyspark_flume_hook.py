"""Make ``pyspark.streaming.flume`` importable; a ``.pth`` file loads this when Python starts.

A file in ``pyspark/streaming/`` would not work, because `spark-submit` puts PySpark's own zip first
on the path. This runs in every Python of the environment, so it imports only the import system.

pytest would warn that it comes too late to rewrite this module: PYTEST_DONT_REWRITE
"""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_file_location

_NAME = "pyspark.streaming.flume"


class _FlumeFinder:
    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != _NAME:
            return None
        ours = find_spec("pyspark_flume._pyspark_streaming_flume")
        return ours and spec_from_file_location(_NAME, ours.origin)


# It comes last, so that a Spark that has the module itself keeps its own.
sys.meta_path.append(_FlumeFinder)
