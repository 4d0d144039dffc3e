"""The module ``pyspark.streaming.flume``, which Spark had until 2.4; the import hook loads it."""

from pyspark.storagelevel import StorageLevel

from pyspark_flume.decoders import utf8_decoder
from pyspark_flume.dstream import FlumeUtils
from pyspark_flume.restored_windows import mend_windows_on_restart

__all__ = ["FlumeUtils", "utf8_decoder"]

# Spark 2.4 has these names for levels that are always serialised in Python; 3.0 removed them.
for _name in ("MEMORY_ONLY", "MEMORY_ONLY_2", "MEMORY_AND_DISK", "MEMORY_AND_DISK_2"):
    _base, _, _replicas = _name.partition("_2")
    _old = f"{_base}_SER{'_2' if _name.endswith('_2') else ''}"
    if not hasattr(StorageLevel, _old):
        setattr(StorageLevel, _old, getattr(StorageLevel, _name))

mend_windows_on_restart()
