"""Programs and confs of the shapes that courses have run unchanged, each counted at every hop.

Only the ports differ from the files in tests/data/own, as other tests use the same ones.
"""

import gzip
from pathlib import Path

import pytest

from tests.support.own_files import COPIES, EXCERPT, FLUME, LINES, STREAMS, OwnFiles, hops


@pytest.mark.parametrize(
    ("program", "conf", "names"),
    [
        ("url_window.py", "spool.conf", STREAMS),
        ("pull_lines.py", "pull.conf", STREAMS),
        ("on_windows.py", "tail.conf", STREAMS),
        ("sql_per_batch.py", "netcat.conf", [STREAMS[0], *STREAMS[2:]]),
        ("errors_to_files.py", "taildir.conf", STREAMS),
        ("headers.py", "syslog.conf", STREAMS),
        ("structured.py", "hdfs_and_spark.conf", [*FLUME, "query hosts"]),
        ("two_streams.py", "load_balance.conf", [*FLUME[:3], "sink k1, k2", *STREAMS[4:]]),
    ],
)
def test_every_line_is_counted_at_every_hop(
    tmp_path: Path, program: str, conf: str, names: list[str]
) -> None:
    files = OwnFiles(tmp_path, program, conf)
    if conf == "spool.conf":  # a compressed log is unpacked
        files.log = tmp_path / "access.log.gz"
        files.log.write_bytes(gzip.compress(EXCERPT * COPIES))
    result = files.run()
    assert hops(result) == dict.fromkeys(names, LINES), result["told"]
    assert (result["agree"], result["differs_at"], result["failure"]) == (True, None, [])
    assert result["exit"] == 0


def test_what_is_not_here_is_replaced_and_told_once(tmp_path: Path) -> None:
    files = OwnFiles(tmp_path, "status_totals.py", "file_channel.conf")
    arguments = ("sandbox-hdp.hortonworks.com", files.port)
    result = files.run("--count", r'" (\d{3}) ', arguments=arguments)
    assert hops(result) == dict.fromkeys(STREAMS, LINES), result["told"]
    printed = result["count"]["printed"]
    assert result["count"]["right"], result["count"]["differences"]
    assert sum(printed.values()) <= LINES
    assert "agent.sources.r1.spoolDir: /var/log/apache/flumeSpool does not exist" in result["told"]
    assert "agent.channels.c1.checkpointDir: the conf names none" in result["told"]
    assert "sandbox-hdp.hortonworks.com is not this machine" in result["told"]
    output = (files.lab.state.parent / "own/logs/program.log").read_text()
    assert output.count("flumelab: master yarn is not available") == 1
    assert output.count("/user/maria_dev/checkpoint is kept in") == 1


def test_a_filter_that_drops_lines_is_the_hop_at_which_they_differ(tmp_path: Path) -> None:
    files = OwnFiles(tmp_path, "headers.py", "filter.conf")
    files.log.write_bytes(b"no digit first\n" * 30 + b"1.2.3.4 - -\n" * 70)
    result = files.run()
    assert hops(result) == dict(zip(STREAMS, [100, 100, 70, 70, 70, 70], strict=True))
    assert (result["agree"], result["differs_at"], result["exit"]) == (False, "channel c1", 1)


def test_a_filter_that_drops_everything_is_a_sign_with_its_numbers(tmp_path: Path) -> None:
    files = OwnFiles(tmp_path, "url_window.py", "filter.conf")
    files.log.write_bytes(b"no digit first\n" * 100)
    result = files.run()
    assert result["exit"] == 1
    (sign,) = result["signs"]
    assert (sign["sign"], sign["level"]) == ("all-dropped", "loss")
    assert "accepted 100 events, passed on 0 to channel c1" in sign["fact"]
    assert result["told"].count(sign["fact"]) == 1


def test_a_program_that_fails_names_its_own_file_and_line(tmp_path: Path) -> None:
    files = OwnFiles(tmp_path, "first_word.py", "spool.conf")
    files.log.write_bytes(b"a b\n\nc\n")
    result = files.run()
    assert result["exit"] == 1
    failure = result["failure"]
    assert failure[0] == "The program failed:"
    assert f"  {files.program}, line 8, in <lambda>" in failure
    assert failure[-1] == "  IndexError: list index out of range"
