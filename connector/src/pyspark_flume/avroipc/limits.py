"""What a peer may claim on one connection, so that no peer can exhaust this process's memory."""

from dataclasses import dataclass

from pyspark_flume.units import KIB, MIB


@dataclass(frozen=True)
class Limits:
    """The limits; each one is checked before the bytes that it counts are held."""

    # A corrupt length must not allocate; a batch of 1000 access log lines has 0.2 MiB.
    frame_bytes_max: int = 64 * MIB
    # Avro's writers put 8 KiB in a buffer, so this is twice what the largest frame needs.
    frame_buffers_max: int = 2 * 64 * MIB // (8 * KIB)
    # An empty event has 2 bytes on the wire and about 50 as columns.
    batch_events_max: int = 1_000_000
    # Calls in one chunk from the socket. A sink waits for each answer; but zlib can put a million
    # calls into a chunk, and each takes about 2 KiB as objects.
    chunk_calls_max: int = 20_000
    # The peer's protocol text, and each map of metadata, which is read value by value. Flume's
    # text has 0.5 KiB, and its maps are empty.
    head_bytes_max: int = 64 * KIB
    # A batch in several blocks, which no Flume sends: reading it value by value takes 0.5 s a MiB.
    split_batch_bytes_max: int = 4 * MIB
    # The advice in the error for a batch above one of these limits.
    remedy: str = "lower the sink's batch-size"


LIMITS = Limits()
