"""Keep a program with windows as fast after a restart as it was before."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from pyspark.streaming import StreamingContext

from pyspark_flume.early_end import report_early_end

_JVM_CLASS = "io.pysparkflume.streaming.RestoredWindows"


def mend_windows_on_restart() -> None:
    """Make ``StreamingContext.getOrCreate`` restore what Spark forgets about a checkpointed window.

    Without this, ``reduceByKeyAndWindow`` loses its inverse function at a restart and adds up the
    whole window in every micro-batch. The import of ``pyspark.streaming.flume`` calls this.
    """
    get_or_create = StreamingContext.getOrCreate
    if hasattr(get_or_create, "__wrapped__"):
        return

    @wraps(get_or_create)
    def mending(checkpointPath: str, setupFunc: Callable[[], Any]) -> Any:  # noqa: N803
        ssc = get_or_create(checkpointPath, setupFunc)
        report_early_end(ssc)
        getattr(ssc._sc._jvm, _JVM_CLASS).mend(ssc._jssc)
        return ssc

    StreamingContext.getOrCreate = mending
