"""On which Spark, Python and Java the connector works, as ``make matrix`` has seen it."""
