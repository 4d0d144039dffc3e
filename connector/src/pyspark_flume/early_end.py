"""Says so when a program ends while its streams run, because nothing else does."""

import atexit
import contextlib
import sys
from weakref import WeakSet

from pyspark.streaming import StreamingContext

MESSAGE = (
    "pyspark_flume: the program ended while its streams run, and its end ends them; call "
    "ssc.awaitTermination() after ssc.start()"
)
_contexts: "WeakSet[StreamingContext]" = WeakSet()


def report_early_end(ssc: StreamingContext) -> None:
    """Print a line at the end of this process if the streams of `ssc` still run then.

    A program that fails has an error to show instead, and at a prompt streams may end so.
    """
    if not _contexts:
        atexit.register(_report)
    _contexts.add(ssc)


def _report() -> None:
    if hasattr(sys, "ps1") or getattr(sys, "last_value", None):
        return
    with contextlib.suppress(Exception):  # Java has ended before
        if any(str(ssc._jssc.getState()) == "ACTIVE" for ssc in list(_contexts)):
            print(MESSAGE, file=sys.stderr, flush=True)
