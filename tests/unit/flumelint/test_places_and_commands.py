"""What the rules about folders, files, ports, commands, HDFS and Kafka leave alone, and find."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from flumelint import check
from flumelint.places import compiled
from flumelint.rules.exec_source import EXEC
from flumelint.rules.file_channels import FILE
from flumelint.rules.hdfs import HDFS
from flumelint.rules.kafka import THROUGH
from flumelint.rules.ports import AVRO
from flumelint.rules.rule import BASE, changed
from flumelint.rules.spool_folders import SECOND, SPOOL, TWO
from flumelint.rules.taildir import TAIL


def found(conf: str, rule: str) -> list[str]:
    """The severities of a rule's findings."""
    return [each.severity.value for each in check(conf) if each.rule == rule]


def spool(ignore: str) -> str:
    return changed(SPOOL, ("flume\n", f"flume\na1.sources.r1.ignorePattern = {ignore}\n"))


@pytest.mark.parametrize(
    "pattern", [r"^(.)*\\.tmp$", r"a\\\\b", r"\t\n\u0041", r"a\-b\/c", "a\\\n  b", ".*tmp"]
)
def test_a_backslash_that_java_keeps_or_a_pattern_does_not_need_is_no_mistake(pattern: str) -> None:
    assert found(spool(pattern), "single-backslash") == []


def test_a_lost_backslash_is_judged_by_what_then_does_not_match() -> None:
    assert found(spool(r".*\.tmp"), "single-backslash") == ["risky"]
    tail = changed(TAIL, ("/var/log/app/.*log", r"/var/log/app/\\w+\d.log"))
    assert found(tail, "single-backslash") == ["idle"]
    drops = (
        "\na1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = regex_filter\n"
        "a1.sources.r1.interceptors.i1.regex = ^\\w+$\n"
    )
    assert found(BASE + drops, "single-backslash") == ["loses-data"]
    excluded = drops + "a1.sources.r1.interceptors.i1.excludeEvents = true\n"
    assert found(BASE + excluded, "single-backslash") == ["risky"]


def test_a_windows_path_needs_two_backslashes_or_a_slash() -> None:
    assert found(changed(SPOOL, ("/var/spool", r"C:\spool")), "single-backslash") == ["idle"]
    for path in (r"C:\\spool", "C:/spool"):
        assert found(changed(SPOOL, ("/var/spool", path)), "single-backslash") == []


@pytest.mark.parametrize(
    ("pattern", "severities"),
    [
        (".*log", []),
        (r"app-[0-9]*\\.log", []),
        (r"(a|b)*x\\w*\\d*", []),
        (r"app\\.*", []),
        ("*.log", ["idle"]),
        ("app.log*", ["risky"]),
    ],
)
def test_a_star_is_a_glob_where_it_repeats_a_letter(pattern: str, severities: list[str]) -> None:
    conf = changed(TAIL, ("/var/log/app/.*log", f"/var/log/app/{pattern}"))
    assert found(conf, "glob-for-regex") == severities


def test_a_header_of_a_file_group_is_not_a_file_group() -> None:
    conf = TAIL + "a1.sources.r1.filegroups.app.key = value\n"
    assert found(conf, "folder-pattern") == []


def test_position_files_of_two_sources_without_one_are_the_default() -> None:
    conf = changed(
        TAIL,
        ("a1.sources = r1", "a1.sources = r1 r2"),
        ("a1.sources.r1.positionFile = /var/lib/flume/app.json\n", ""),
    )
    second = TAIL[TAIL.index("a1.sources.r1.type") : TAIL.index("a1.channels.c1")]
    second = second.replace(".r1.", ".r2.").replace(
        "a1.sources.r2.positionFile = /var/lib/flume/app.json\n", ""
    )
    assert found(conf + second, "position-file-shared") == ["risky"]
    assert found(conf + second + "a1.sources.r2.skipToEnd = true\n", "position-file-shared") == [
        "loses-data"
    ]


def test_a_folder_below_a_spool_folder_is_shared_only_if_the_upper_one_is_read_deeply() -> None:
    conf = TWO + SECOND.replace("FOLDER", "/var/spool/flume/deep")
    assert found(conf, "spool-folder-shared") == []
    deep = conf + "a1.sources.r1.recursiveDirectorySearch = true\n"
    assert found(deep, "spool-folder-shared") == ["idle"]
    kept_apart = deep + "a1.sources.r1.includePattern = .*csv\n"
    assert found(kept_apart, "spool-folder-shared") == []


def test_a_packed_file_in_the_spool_folder_is_found_by_looking_there(tmp_path: Path) -> None:
    conf = changed(SPOOL, ("/var/spool/flume", str(tmp_path)))
    (tmp_path / ".hidden.tmp").touch()
    (tmp_path / "old.gz.COMPLETED").touch()
    assert found(conf, "reads-unfinished-files") == []
    (tmp_path / "new.GZ").touch()
    assert found(conf, "reads-unfinished-files") == ["risky"]


@pytest.mark.parametrize(
    ("command", "severities"),
    [
        ("curl http://host/?a=b&c=d*", []),
        ("python etail.py --name=a;b -n 5", []),
        ("journalctl -f | grep x", ["risky"]),
        ("journalctl -f |grep x", ["risky"]),
        ("journalctl -f 2>/dev/null", ["risky"]),
        ("for i in /path/*.txt; do cat $i; done", ["risky"]),
        ("bash -c 'journalctl -f | grep x'", ["idle"]),
        ("tail -F ~/app.log", ["idle"]),
        ("tail -F /var/log/*.log", ["idle"]),
        ('sshpass -p "x" ssh host', ["risky"]),
    ],
)
def test_what_a_command_needs_a_shell_for(command: str, severities: list[str]) -> None:
    conf = changed(EXEC, ("journalctl --follow", command))
    assert found(conf, "shell-syntax-without-shell") == severities
    shell = conf + "a1.sources.r1.shell = /bin/sh -c\n"
    assert found(shell, "shell-syntax-without-shell") == []


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("tail -f /a", "tail-stops-at-rotation"),
        ("tail -n 100 -f /a", "tail-stops-at-rotation"),
        ("/usr/bin/tail -500f /a", "tail-stops-at-rotation"),
        ("sudo tail -F /a", "tail-without-position"),
        ("tail -n +1 -F /a", "tail-without-position"),
        ("tail -F -c +0 /a", "tail-without-position"),
        ("cat /a", "command-ends"),
        ("tail -n 5 /a", ""),
        ("/opt/cats/run -f", ""),
    ],
)
def test_what_a_tail_loses(command: str, rule: str) -> None:
    conf = changed(EXEC, ("journalctl --follow", command), ("a1.sources.r1.restart = true\n", ""))
    names = ("tail-stops-at-rotation", "tail-without-position", "command-ends")
    assert [name for name in names if found(conf, name)] == ([rule] if rule else [])


def test_two_sources_share_a_port_only_with_the_same_protocol_and_address() -> None:
    second = (
        "a1.sources.r2.type = TYPE\na1.sources.r2.bind = HOST\na1.sources.r2.port = 44444\n"
        "a1.sources.r2.channels = c1\n"
    )
    two = changed(BASE, ("a1.sources = r1", "a1.sources = r1 r2")) + second
    for type_, host, severities in (
        ("avro", "0.0.0.0", ["idle"]),  # noqa: S104 - a text
        ("http", "localhost", ["idle"]),
        ("avro", "10.0.0.1", []),
        ("netcatudp", "127.0.0.1", []),
    ):
        conf = two.replace("TYPE", type_).replace("HOST", host)
        assert found(conf, "port-used-twice") == severities, (type_, host)


def test_a_sink_to_another_chain_of_its_own_agent_is_no_circle() -> None:
    chain = changed(
        AVRO,
        ("hostname = collector", "hostname = 127.0.0.1"),
        ("r1.type = avro", "r1.type = netcat"),
    )
    assert found(chain, "sink-feeds-own-source") == []


def test_the_time_in_a_path_may_come_from_several_places() -> None:
    timed = changed(HDFS, ("8020/events", "8020/events/%Y"))
    rule = "time-escape-without-timestamp"
    assert found(timed, rule) == ["idle"]
    interceptor = "a1.sources.r1.interceptors = i\na1.sources.r1.interceptors.i.type = "
    assert found(timed + interceptor + "timestamp\n", rule) == []
    assert found(timed + interceptor + "com.example.Mine$Builder\n", rule) == []
    assert found(timed + interceptor + "host\n", rule) == ["idle"]
    for type_ in ("avro", "syslogtcp", "http", "com.example.Mine"):
        assert found(changed(timed, ("type = netcat", f"type = {type_}")), rule) == [], type_
    header = changed(HDFS, ("8020/events", "8020/%{host}/%[localhost]"))
    assert found(header, rule) == []


def test_an_interceptor_may_change_the_topic_of_an_event() -> None:
    assert found(THROUGH, "topic-header-wins") == ["loses-data"]
    interceptor = "a1.sources.r1.interceptors = i\na1.sources.r1.interceptors.i.type = "
    assert found(THROUGH + interceptor + "remove_header\n", "topic-header-wins") == []
    other = THROUGH + "a1.sources.r1.topicHeader = from\n"
    assert found(other, "topic-header-wins") == []


def test_channels_of_two_agents_do_not_share_a_folder_of_one_agent() -> None:
    assert found(FILE + FILE.replace("a1.", "a2."), "file-channel-folder-shared") == []
    both = FILE.replace("c1/data", "c1/checkpoint")
    assert found(both, "file-channel-folder-shared") == ["idle"]


def test_sinks_that_take_turns_on_purpose_may_share_a_channel() -> None:
    rule = "sinks-share-channel"
    two = changed(BASE, ("a1.sinks = k1", "a1.sinks = k1 k2")) + "\na1.sinks.k2.channel = c1\n"
    other = two + "a1.sinks.k2.type = file_roll\na1.sinks.k2.sink.directory = /out\n"
    assert found(other, rule) == ["loses-data"]
    group = (
        "a1.sinkgroups = g\na1.sinkgroups.g.sinks = k1 k2\n"
        "a1.sinkgroups.g.processor.type = failover\n"
    )
    assert found(other + group, rule) == []
    assert found(two + "a1.sinks.k2.type = logger\n", rule) == []


@pytest.mark.parametrize("value", ["${env:PASSWORD}", "<password>", "${filter['password']}"])
def test_a_secret_that_is_not_in_the_conf_is_none(value: str) -> None:
    conf = BASE + f"a1.sinks.k1.kafka.producer.ssl.keystore.password = {value}\n"
    assert found(conf, "secret-in-conf") == []


@pytest.mark.parametrize(
    ("old", "severity"),
    [
        ("a1.sources = r1", "risky"),  # Flume drops the words that it does not know
        ("r1.channels = c1", "risky"),
        ("k1.channel = c1", "idle"),
        ("r1.port = 44444", "idle"),
        ("k1.type = logger", "idle"),
        ("c1.capacity = 1000", "risky"),  # Flume logs a warning and takes the default
    ],
)
def test_a_comment_behind_a_value_is_judged_by_what_flume_makes_of_it(
    old: str, severity: str
) -> None:
    conf = changed(BASE, (old, f"{old} # why"))
    assert found(conf, "comment-behind-value") == [severity]


def test_a_comment_behind_the_list_of_file_groups_names_no_groups() -> None:
    conf = changed(TAIL, ("filegroups = app", "filegroups = app #the web's"))
    assert found(conf, "file-group-without-pattern") == []


def test_a_line_of_prose_is_no_repeated_key() -> None:
    conf = BASE + "bin/flume-ng agent -n a1\nbin/flume-ng agent -n a2\n"
    assert found(conf, "contradicting-keys") == []


def test_letters_that_are_not_ascii_are_told_once_if_they_are_in_a_comment() -> None:
    conf = changed(BASE, ("port = 44444", "port = 44444 # größer"))
    assert found(conf, "not-ascii") == []


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("<your key>", True),
        ("<>", True),
        ("YOUR_KEY", True),
        ("Enter your key", True),
        ("[required]", True),
        ("xxxx", True),
        ("com.example.Xx", False),
        ("hdfs://namenode/%{host}", False),
        ("max_xxl", False),
    ],
)
def test_what_is_a_blank(value: str, left: bool) -> None:
    conf = BASE + f"a1.sinks.k1.consumerSecret = {value}\n"
    assert found(conf, "placeholder-left") == (["risky"] if left else [])


@pytest.mark.parametrize("value", ["/", "/a", "<a", "[your", "{{", "x", " ", "-f ", "a*", "2>"])
def test_a_value_of_100_000_characters_is_checked_within_a_second(value: str) -> None:
    long = f"tail {value * (100_000 // len(value))} end"
    conf = changed(EXEC, ("journalctl --follow", long)) + f"a1.sinks.k1.key = {long}\n"

    begin = time.process_time()
    check(conf)

    assert time.process_time() - begin < 1


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*b", "((a)b*)+", "(x(a|b){2})*", "[("])
def test_an_expression_that_could_stop_the_linter_is_not_tried(pattern: str) -> None:
    assert compiled(pattern) is None


@pytest.mark.parametrize(
    "pattern", [".*log", "^(.)*\\.tmp$", ".*\\.(tmp|gz)", "([(|)]+)x", "(a)b+"]
)
def test_an_expression_of_everyday_use_is_tried(pattern: str) -> None:
    assert compiled(pattern)


def test_a_number_for_which_flume_takes_the_default_stops_nothing() -> None:
    conf = changed(
        BASE, ("type = memory\na1.channels.c1.capacity", "type = SPILLABLEMEMORY\na1.channels.c1.X")
    )
    assert found(conf.replace(".X = 1000", ".memoryCapacity = ten"), "not-a-number") == ["ignored"]
    assert found(conf.replace(".X = 1000", ".transactionCapacity = ten"), "not-a-number") == [
        "idle"
    ]


def test_a_format_of_sequence_files_does_not_matter_to_other_files() -> None:
    conf = HDFS + "a1.sinks.k1.hdfs.writeFormat = json\n"
    assert found(conf, "not-a-choice") == ["idle"]
    assert found(conf + "a1.sinks.k1.hdfs.fileType = DataStream\n", "not-a-choice") == []
