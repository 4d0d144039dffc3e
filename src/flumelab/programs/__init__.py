"""What the programs in spark-apps/ import: `lab`, `columns` and `parse`.

This file imports nothing, because Spark's Python workers load the package for `parse` and must
start fast.
"""
