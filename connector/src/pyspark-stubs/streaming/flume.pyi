# For mypy and editors: the hook provides this module only when Python runs.
from pyspark_flume import FlumeUtils as FlumeUtils
from pyspark_flume import utf8_decoder as utf8_decoder
