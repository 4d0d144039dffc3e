"""Avro RPC as Flume uses it, without I/O: bytes in, calls and answers out."""
