"""Mistakes of confs in use: a finding names each."""

from __future__ import annotations

from pathlib import Path

import pytest

from flumelint import Severity, check
from flumelint.rules.backslashes import SPOOL
from flumelint.rules.file_channels import FILE
from flumelint.rules.hosts import TO_RECEIVER
from flumelint.rules.identity import IDENTIFIED, two_files
from flumelint.rules.interceptors import WITH_INTERCEPTOR
from flumelint.rules.kafka import TO_KAFKA
from flumelint.rules.rule import BASE, changed
from flumelint.rules.selectors import MULTIPLEXING
from flumelint.rules.sink_groups import TWO_SINKS as FAILOVER
from flumelint.rules.taildir import TAIL
from tests.support.lint_mistakes import Mistake, assert_named, conf

WINDOWS = conf("/var/spool/flume", "D:\\logs\\web", SPOOL)
TWO_SPOOLS = (
    conf("a1.sources = r1", "a1.sources = r1 r2", SPOOL)
    + "a1.sources.r2.type = spooldir\na1.sources.r2.channels = c1\n"
    + "a1.sources.r2.deserializer.maxLineLength = 65536\n"
)
INTERCEPTED = conf("a1.sources.r1.interceptors.i1.type = timestamp\n", "", WITH_INTERCEPTOR)
TWO_FILES = (
    conf("a1.channels = c1", "a1.channels = c1 c2", FILE).replace(
        "r1.channels = c1", "r1.channels = c1 c2"
    )
    + "a1.channels.c2.type = file\n"
)


def filtered(pattern: str) -> str:
    """A conf with a regular expression, as its author wrote it."""
    return changed(
        INTERCEPTED,
        (
            "interceptors = i1",
            "interceptors = i1\na1.sources.r1.interceptors.i1.type = regex_filter\n"
            f"a1.sources.r1.interceptors.i1.regex = {pattern}",
        ),
    )


MISTAKES = [
    Mistake(
        "no list of the sink groups",
        conf("a1.sinks = k1 k2\na1.sinkgroups = g1", "a1.sinks = k1 k2", FAILOVER),
        "configured-but-not-listed",
        "a1.sinkgroups.g1.sinks",
        Severity.IGNORED,
    ),
    Mistake(
        "sinkgroups.sinks without a group",
        conf("a1.sinkgroups.g1.sinks", "a1.sinkgroups.sinks", FAILOVER),
        "no-such-property",
        "a1.sinkgroups.sinks",
        Severity.IGNORED,
    ),
    Mistake(
        "a group of another name",
        conf("sinkgroups = g1", "sinkgroups = g2", FAILOVER),
        "listed-but-not-configured",
        "g2",
        Severity.IGNORED,
    ),
    Mistake(
        "a comment behind a value of a sink group",
        FAILOVER + "a1.sinkgroups.g1.processor.backoff = true # later\n",
        "comment-behind-value",
        "# later",
        Severity.RISKY,
    ),
    Mistake(
        "a line of prose",
        conf("a1.channels.c1.type", "The channel\na1.channels.c1.type"),
        "prose-line",
        "The channel",
        Severity.IGNORED,
    ),
    Mistake(
        "two assignments on a line",
        conf("type = memory\n", "type = memory "),
        "two-assignments-in-a-line",
        "a1.channels.c1.capacity",
        Severity.IDLE,
    ),
    *(
        Mistake(
            f"a single backslash: \\{letter}",
            filtered(f"x\\{letter}+"),
            "single-backslash",
            f"\\{letter}",
            Severity.RISKY if letter == "." else Severity.LOSES_DATA,
        )
        for letter in "dsw."
    ),
    Mistake("a Windows path", WINDOWS, "single-backslash", "\\l", Severity.IDLE),
    Mistake(
        "a position file in its own file group",
        conf("/var/lib/flume/app.json", "/var/log/app/positions.log", TAIL),
        "position-file-in-group",
        "/var/log/app/positions.log",
        Severity.STYLE,
    ),
    Mistake(
        "a spool folder inside another source's",
        TWO_SPOOLS
        + "a1.sources.r1.recursiveDirectorySearch = true\n"
        + "a1.sources.r2.spoolDir = /var/spool/flume/web\n",
        "spool-folder-shared",
        "/var/spool/flume/web",
        Severity.IDLE,
    ),
    Mistake(
        "trackerDir on a read-only place",
        SPOOL + "a1.sources.r1.trackerDir = /proc/flume\n",
        "tracker-folder",
        "/proc/flume",
        Severity.IDLE,
    ),
    Mistake(
        "file channels that share a folder",
        TWO_FILES
        + "a1.channels.c2.checkpointDir = /var/lib/flume/c2\n"
        + "a1.channels.c2.dataDirs = /var/lib/flume/c1/data\n",
        "file-channel-folder-shared",
        "/var/lib/flume/c1/data",
        Severity.IDLE,
    ),
    Mistake(
        "a file channel that names no folder",
        conf("type = memory\na1.channels.c1.capacity = 1000\n", "type = file\n"),
        "file-channel-default-folder",
        "file",
        Severity.RISKY,
    ),
    Mistake(
        "fileHeader over the plugin's header file",
        IDENTIFIED + "a1.sources.r1.fileHeader = true\n",
        "file-header-replaces-identity",
        "true",
        Severity.LOSES_DATA,
    ),
    Mistake(
        "two agents with equal paths and no origin",
        two_files(
            conf("a1.sources.r1.deserializer.origin = web-1\n", "", IDENTIFIED),
            conf("a1.sources.r1.deserializer.origin = web-1\n", "", IDENTIFIED).replace(
                "a1.", "a2."
            ),
        ),
        "equal-identity",
        "io.pysparkflume.flume.LineIdentityDeserializer$Builder",
        Severity.LOSES_DATA,
    ),
    Mistake(
        "a port used twice",
        conf("a1.sources = r1", "a1.sources = r1 r2")
        + "a1.sources.r2.type = avro\na1.sources.r2.bind = 0.0.0.0\n"
        + "a1.sources.r2.port = 44444\na1.sources.r2.channels = c1\n",
        "port-used-twice",
        "44444",
        Severity.IDLE,
    ),
    Mistake(
        "ssl with deflate",
        TO_RECEIVER + "a1.sinks.k1.ssl = true\na1.sinks.k1.compression-type = deflate\n",
        "tls-with-deflate",
        "deflate",
        Severity.RISKY,
    ),
    *(
        Mistake(
            f"a key of an older Kafka sink: {key}",
            TO_KAFKA + f"a1.sinks.k1.{key} = 1\n",
            "key-of-an-older-version",
            key,
            Severity.STYLE,
        )
        for key in ("topic", "brokerList", "requiredAcks")
    ),
    Mistake(
        "a mapping that no event reaches",
        MULTIPLEXING
        + "a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = static\n"
        + "a1.sources.r1.interceptors.i1.key = kind\na1.sources.r1.interceptors.i1.value = order\n"
        + "a1.sources.r1.interceptors.i1.preserveExisting = false\n",
        "unreachable-mapping",
        "selector.mapping.gift",
        Severity.IGNORED,
    ),
    Mistake(
        "an interceptor that is listed and not configured",
        INTERCEPTED,
        "interceptor-not-configured",
        "i1",
        Severity.IDLE,
    ),
    Mistake(
        "an interceptor that is configured and not listed",
        BASE + "a1.sources.r1.interceptors.i1.type = timestamp\n",
        "interceptor-not-listed",
        "interceptors.i1.type",
        Severity.IGNORED,
    ),
    Mistake(
        "jars that the lab's Flume lacks",
        conf("type = logger\n", "type = hdfs\na1.sinks.k1.hdfs.path = /flume\n"),
        "jars-missing",
        "hdfs",
        Severity.NOTE,
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_of_a_conf_in_use_is_named(mistake: Mistake) -> None:
    assert_named(mistake)


def test_a_spool_folder_with_files_that_are_no_lines(tmp_path: Path) -> None:
    """Temporary and compressed files, and no ignorePattern."""
    text = conf("/var/spool/flume", str(tmp_path), SPOOL)
    for name in ("web.log.tmp", "web.log.gz"):
        file = tmp_path / name
        file.touch()
        (named,) = [each for each in check(text) if each.rule == "reads-unfinished-files"]
        file.unlink()

        assert f"the folder holds {name}" in named.message
        assert "ignorePattern" in named.remedy
