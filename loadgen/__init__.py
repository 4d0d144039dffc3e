"""The lab's seeded load generator: `python -m loadgen --help`.

A scenario makes the lines and knows the truth about them, the spool brings them to Flume a file
at a time, and the ledger keeps the truth for whoever checks the counts at the other end.
"""
