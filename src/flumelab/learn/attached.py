"""Runs a program in this process, attached to the warm JVM of Spark.

    python -m flumelab.learn.attached PROGRAM

The JVM may still tell an earlier process to forget objects by their number, and would reach this
process instead. So the objects of each process get numbers of their own.
"""

import os
import runpy
import sys

from py4j import java_gateway

NUMBERS_PER_PROCESS = 1_000_000


def own_numbers() -> None:
    """Make Py4J number the objects that it lends to the JVM from a place of this process's own."""
    begin = java_gateway.PythonProxyPool.__init__

    def begin_elsewhere(pool: java_gateway.PythonProxyPool) -> None:
        begin(pool)
        pool.next_id = os.getpid() * NUMBERS_PER_PROCESS

    java_gateway.PythonProxyPool.__init__ = begin_elsewhere


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m flumelab.learn.attached PROGRAM")
    own_numbers()
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))  # noqa: PTH100, PTH120 - as Python
    runpy.run_path(sys.argv[0], run_name="__main__")
