"""What the programs in spark-apps/ import: `lab` in the driver, `parse` everywhere.

Nothing is imported here: a Python worker of Spark loads this package for `parse`, in each task's
first second.
"""
