"""The lab's seeded load generator: `python -m loadgen --help`.

A scenario makes the lines and knows the truth about them, an outlet takes them to who reads them,
a file at a time into Flume's spool directory if nothing else is asked for, and the ledger keeps
the truth for whoever checks the counts at the other end: `loadgen.expected` tells it.
"""
