"""Make ``pyspark.streaming.flume`` importable. Python calls ``install`` when it starts.

``pyspark_flume.start`` names it for Python 3.15 and later (PEP 829), and ``pyspark_flume.pth`` for
earlier ones. Where both are known, Python follows the first alone.

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


def install() -> None:
    """Add the finder to this Python, once."""
    if _FlumeFinder not in sys.meta_path:
        # It comes last, so that a Spark that has the module itself keeps its own.
        sys.meta_path.append(_FlumeFinder)
