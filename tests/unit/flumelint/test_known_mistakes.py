"""The 27 mistakes that Flume 1.11 tolerates in silence, out of its code: a finding names each."""

from __future__ import annotations

from pathlib import Path

import pytest

from flumelint import Severity
from flumelint.cli import main
from flumelint.rules.backslashes import SPOOL
from flumelint.rules.exec_source import EXEC
from flumelint.rules.hosts import TO_RECEIVER
from flumelint.rules.rule import BASE, TWO_CHANNELS, changed
from flumelint.rules.selectors import MULTIPLEXING
from flumelint.rules.sink_groups import TWO_SINKS as FAILOVER
from tests.support.lint_mistakes import Mistake, assert_named, conf

MISTAKES: dict[int, list[Mistake]] = {
    1: [Mistake("the wrong --name", BASE, "no-such-agent", "a1", Severity.IDLE, agent="agent")],
    2: [
        Mistake(
            "a listed channel without properties",
            conf("a1.channels = c1", "a1.channels = c1 c2"),
            "listed-but-not-configured",
            "c2",
            Severity.IGNORED,
        ),
        Mistake(
            "a comma in a list",
            changed(TWO_CHANNELS, ("a1.channels = c1 c2", "a1.channels = c1, c2")),
            "comma-in-list",
            ",",
            Severity.IDLE,
        ),
    ],
    3: [
        Mistake(
            "a listed source without properties",
            conf("a1.sources = r1", "a1.sources = r2"),
            "listed-but-not-configured",
            "r2",
            Severity.IDLE,
        ),
        Mistake(
            "a listed sink without properties",
            conf("a1.sinks = k1", "a1.sinks = sinkk1"),
            "listed-but-not-configured",
            "sinkk1",
            Severity.IDLE,
        ),
    ],
    4: [
        Mistake(
            "a component that no list names",
            BASE + "a1.sinks.k2.type = logger\n",
            "configured-but-not-listed",
            "a1.sinks.k2.type",
            Severity.IGNORED,
        )
    ],
    5: [
        Mistake(
            "channel of a source",
            conf("r1.channels", "r1.channel"),
            "source-uses-channel",
            "channel",
            Severity.IDLE,
        )
    ],
    6: [
        Mistake(
            "channels of a sink",
            conf("k1.channel", "k1.channels"),
            "sink-uses-channels",
            "channels",
            Severity.IDLE,
        )
    ],
    7: [
        Mistake(
            "a comment behind a value",
            conf("k1.channel = c1", "k1.channel = c1 # buffer"),
            "comment-behind-value",
            "# buffer",
            Severity.IDLE,
        )
    ],
    8: [
        Mistake(
            "sink for sinks",
            conf("sinks.k1.channel", "sink.k1.channel"),
            "singular-kind",
            "sink",
            Severity.IDLE,
        )
    ],
    9: [
        Mistake(
            "an empty value",
            conf("capacity = 1000", "capacity ="),
            "empty-value",
            "a1.channels.c1.capacity",
            Severity.IGNORED,
        ),
        Mistake(
            "no agent before a key",
            BASE + "capacity = 5\n",
            "key-without-agent",
            "capacity",
            Severity.IGNORED,
        ),
    ],
    10: [
        Mistake(
            "a key that is set twice",
            BASE + "a1.channels.c1.capacity = 5000\n",
            "contradicting-keys",
            "a1.channels.c1.capacity",
            Severity.IGNORED,
        )
    ],
    11: [
        Mistake(
            "a misspelt key of a component",
            TO_RECEIVER + "a1.sinks.k1.batchSize = 50\n",
            "unknown-key",
            "batchSize",
            Severity.IGNORED,
        )
    ],
    12: [
        Mistake(
            "no type",
            conf("a1.sinks.k1.type = logger\n", ""),
            "missing-type",
            "a1.sinks.k1.channel",
            Severity.IDLE,
        )
    ],
    13: [
        Mistake(
            "a type that is none",
            conf("= logger", "= loger"),
            "unknown-type",
            "loger",
            Severity.IDLE,
        )
    ],
    14: [
        Mistake(
            "transactions larger than the channel",
            BASE + "a1.channels.c1.transactionCapacity = 2000\n",
            "transaction-over-capacity",
            "2000",
            Severity.IDLE,
        ),
        Mistake(
            "transactions larger than the default capacity",
            conf("c1.capacity = 1000", "c1.transactionCapacity = 200"),
            "transaction-over-capacity",
            "200",
            Severity.IDLE,
        ),
    ],
    15: [
        Mistake(
            "a batch larger than a transaction",
            TO_RECEIVER + "a1.sinks.k1.batch-size = 500\n",
            "batch-over-transaction",
            "500",
            Severity.IDLE,
        )
    ],
    16: [
        Mistake(
            "no number, of a memory channel",
            conf("= 1000", "= 1k"),
            "not-a-number",
            "1k",
            Severity.IGNORED,
        ),
        Mistake(
            "no number, where Flume does not even warn",
            BASE + "a1.channels.c1.keep-alive = 3s\n",
            "not-a-number",
            "3s",
            Severity.IGNORED,
        ),
        Mistake(
            "no number, for the bytes of a memory channel",
            BASE + "a1.channels.c1.byteCapacity = 8MB\n",
            "not-a-number",
            "8MB",
            Severity.IGNORED,
        ),
        Mistake(
            "no number elsewhere",
            conf("port = 44444", "port = http"),
            "not-a-number",
            "http",
            Severity.IDLE,
        ),
    ],
    17: [
        Mistake(
            f"{word} for true",
            conf("port = 44444", f"port = 44444\na1.sources.r1.ack-every-event = {word}"),
            "not-a-boolean",
            word,
            Severity.IGNORED,
        )
        for word in ("yes", "1")
    ],
    18: [
        Mistake(
            "a compression that there is not",
            TO_RECEIVER + "a1.sinks.k1.compression-type = gzip\n",
            "unknown-compression",
            "gzip",
            Severity.IGNORED,
        )
    ],
    19: [
        Mistake(
            "a timeout below a second",
            TO_RECEIVER + "a1.sinks.k1.request-timeout = 500\n",
            "timeout-too-short",
            "500",
            Severity.IGNORED,
        )
    ],
    20: [
        Mistake(
            "a selector without default",
            conf("a1.sources.r1.selector.default = c1\n", "", MULTIPLEXING),
            "selector-without-default",
            "multiplexing",
            Severity.LOSES_DATA,
        ),
        Mistake(
            "a selector with a channel that there is not",
            conf("default = c1", "default = c9", MULTIPLEXING),
            "selector-names-unknown-channel",
            "c9",
            Severity.IDLE,
        ),
    ],
    21: [
        Mistake(
            "a priority twice",
            conf("priority.k2 = 5", "priority.k2 = 10", FAILOVER),
            "failover-priorities",
            "10",
            Severity.IGNORED,
        ),
        Mistake(
            "load_balance with one sink",
            BASE
            + "a1.sinkgroups = g1\na1.sinkgroups.g1.sinks = k1\n"
            + "a1.sinkgroups.g1.processor.type = load_balance\n",
            "load-balance-of-one",
            "k1",
            Severity.IDLE,
        ),
    ],
    22: [
        Mistake(
            "a channel that nothing uses",
            conf("a1.channels = c1", "a1.channels = c1 c2") + "a1.channels.c2.type = memory\n",
            "channel-without-use",
            "memory",
            Severity.IGNORED,
        ),
        Mistake(
            "a channel without a sink",
            TWO_CHANNELS,
            "channel-without-sink",
            "memory",
            Severity.LOSES_DATA,
        ),
    ],
    23: [
        Mistake(
            "a pipe without a shell",
            conf("journalctl --follow", "tail -F /data/log | grep two", EXEC),
            "shell-syntax-without-shell",
            "|",
            Severity.RISKY,
        ),
        Mistake(
            "a command that ends",
            conf("journalctl --follow\na1.sources.r1.restart = true", "cat /data/list", EXEC),
            "command-ends",
            "cat /data/list",
            Severity.RISKY,
        ),
    ],
    24: [
        Mistake(
            "lines that are too long",
            conf("a1.sources.r1.deserializer.maxLineLength = 65536\n", "", SPOOL),
            "line-limit",
            "spooldir",
            Severity.NOTE,
        )
    ],
    25: [
        Mistake(
            "files of a spool folder that still grow",
            conf("/var/spool/flume", "/var/log/app", SPOOL),
            "spools-live-logs",
            "/var/log/app",
            Severity.RISKY,
        )
    ],
    27: [
        Mistake(
            "a component that cannot start",
            changed(
                BASE,
                ("a1.sources = r1", "a1.sources = r1 r2"),
            )
            + "a1.sources.r2.type = netcat\na1.sources.r2.bind = 127.0.0.1\n"
            + "a1.sources.r2.port = 44444\na1.sources.r2.channels = c1\n",
            "port-used-twice",
            "44444",
            Severity.IDLE,
        )
    ],
}
# No conf shows these; why, and what does.
BY_NO_CONF = {26: "the file itself cannot be read: the command says so, see the test below"}
ROWS = [(number, each) for number, its in MISTAKES.items() for each in its]


def test_each_of_the_27_has_a_row() -> None:
    assert sorted([*MISTAKES, *BY_NO_CONF]) == list(range(1, 28))


@pytest.mark.parametrize(
    "mistake", [each for _, each in ROWS], ids=[f"{number}: {each}" for number, each in ROWS]
)
def test_a_known_mistake_is_named(mistake: Mistake) -> None:
    assert_named(mistake)


def test_a_conf_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The 26th: Flume says that no configuration could be found."""
    assert main([str(tmp_path / "none.conf")]) == 2
    assert "none.conf" in capsys.readouterr().err
