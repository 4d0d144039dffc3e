"""Further wrong examples, for rules whose text tells of several cases."""

from __future__ import annotations

from flumelint.rules.hdfs import HDFS
from flumelint.rules.rule import BASE, changed

_ROLL = "a1.sinks.k1.sink.directory = /data/out\na1.sinks.k1.sink.batchSize = "
MORE: dict[str, list[str]] = {
    "listed-but-not-configured": [
        changed(BASE, ("a1.sources = r1", "a1.sources = rr1")),
        changed(BASE, ("a1.channels = c1", "a1.channels = cc1")),
    ],
    "agent-without-channels": [
        changed(BASE, ("a1.sources = r1\n", ""), ("a1.sinks = k1\n", "")),
    ],
    "codec-and-file-type": [
        changed(
            HDFS,
            (
                "a1.sinks.k1.hdfs.rollSize",
                "a1.sinks.k1.hdfs.fileType = DataStream\na1.sinks.k1.hdfs.codeC = gzip\n"
                "a1.sinks.k1.hdfs.rollSize",
            ),
        ),
    ],
    "not-a-number": [
        changed(BASE, ("type = logger\n", "type = file_roll\n" + _ROLL + "64K\n")),
        changed(BASE, ("type = netcat\n", "type = netcat\na1.sources.r1.max-line-length = 1e3\n")),
    ],
    "quoted-value": [
        changed(BASE, ("type = logger\n", "type = file_roll\n" + _ROLL + '"100"\n')),
    ],
    "unknown-channel": [  # a selector that chooses it takes the source with it
        changed(
            BASE,
            (
                "r1.channels = c1\n",
                "r1.channels = c1 c9\na1.sources.r1.selector.type = multiplexing\n"
                "a1.sources.r1.selector.default = c1\na1.sources.r1.selector.mapping.gift = c9\n",
            ),
        ),
    ],
    "not-connected": [
        changed(BASE, ("a1.sources.r1.channels = c1\n", "")),
    ],
}
