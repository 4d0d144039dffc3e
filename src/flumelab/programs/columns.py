"""Spark columns with what `flumelab.programs.parse` reads from a line."""

from pyspark.sql import Column, DataFrame
from pyspark.sql.functions import col, lit, regexp_extract, try_to_timestamp, when

from flumelab.counts import MALFORMED
from flumelab.programs.parse import LINE

LINE_IN_JAVA = rf"(?s)^{LINE.pattern}\z"
"""`LINE` for Spark, which matches by Java's rules: ``\\s`` and ``\\d`` are ASCII there."""

_TIME_IN_JAVA = r"\[([^\]]+)\]"


def with_url(lines: DataFrame, line: "Column | str") -> DataFrame:
    """Add the column `url` to an access log: the URL that a line asks for, or `MALFORMED`.

    This takes two steps. In one step, Spark would match each line twice, once for the condition and
    once for the value, and the lab would deliver half as many lines a second.

    :param line: the column with the log line, as text
    """
    matched = lines.withColumn("url", regexp_extract(line, LINE_IN_JAVA, 1))
    return matched.withColumn("url", when(col("url") != "", col("url")).otherwise(MALFORMED))


def with_time(lines: DataFrame, line: "Column | str") -> DataFrame:
    """Add the column `time` to lines with a `url`: the line's own time, null where malformed.

    :param line: the column with the log line, as text
    """
    text = regexp_extract(line, _TIME_IN_JAVA, 1)
    time = try_to_timestamp(text, lit("dd/MMM/yyyy:HH:mm:ss Z"))
    return lines.withColumn("time", when(col("url") != MALFORMED, time))
