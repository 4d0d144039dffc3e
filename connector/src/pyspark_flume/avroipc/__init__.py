"""Avro RPC as Flume speaks it, with no I/O in it: bytes in, calls and answers out."""
