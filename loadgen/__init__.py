"""The lab's seeded load generator: `python -m loadgen --help`.

A scenario makes the lines and knows the truth about them. An outlet delivers them, by default as
files in Flume's spool directory. The ledger keeps the truth, so that the counts at the other end
can be checked; `loadgen.expected` prints what they must be.
"""
