"""The command: what it prints, what it changes, and its exit codes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from flumelint import cli
from flumelint.cli import main
from flumelint.report import FORMATS
from flumelint.rules.rule import BASE, changed

WRONG = changed(BASE, ("k1.channel", "k1.channels"))


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one mistake, in an empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    file = Path("a.conf")
    file.write_text(WRONG)
    return file


def run(*arguments: str) -> int:
    try:
        return main(arguments)
    except SystemExit as exit_:  # argparse
        assert isinstance(exit_.code, int)
        return exit_.code


def test_a_finding_is_a_line_with_its_token_underlined_and_a_remedy(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run("a.conf")

    assert code == 1
    assert (
        capsys.readouterr().out
        == """\
a.conf:14:13: idle: sink k1 has `channels`, which no sink reads [sink-uses-channels]
  | a1.sinks.k1.channels = c1
  |             ^^^^^^^^
  remedy: write channel (flumelint --fix does it)

1 file: 1 finding (1 idle)
a1: r1 → c1 (memory) → no sink: nothing is delivered
"""
    )


def test_a_clean_file_ends_with_0(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conf.write_text(BASE)

    assert run("a.conf") == 0
    assert capsys.readouterr().out.startswith("1 file: clean\na1: r1 → c1 (memory) → k1: ")


def test_json_is_a_list_of_findings(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--format", "json", "a.conf") == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "file": "a.conf",
            "line": 14,
            "column": 13,
            "severity": "idle",
            "rule": "sink-uses-channels",
            "message": "sink k1 has `channels`, which no sink reads; write channel",
            "fixable": True,
        }
    ]


@pytest.mark.parametrize("name", ["json", "sarif"])
def test_a_clean_file_is_valid_json(
    conf: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    conf.write_text(BASE)

    assert run("--format", name, "a.conf") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["runs"][0]["results"] if name == "sarif" else printed) == []


def test_sarif_names_rule_place_and_level(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--format", "sarif", "a.conf") == 1
    log = json.loads(capsys.readouterr().out)
    (result,) = log["runs"][0]["results"]
    rule = log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]

    assert log["version"] == "2.1.0"
    assert rule["id"] == result["ruleId"] == "sink-uses-channels"
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a.conf"},
        "region": {"startLine": 14, "startColumn": 13, "endLine": 14, "endColumn": 21},
    }


def test_the_fixes_in_sarif_are_those_of_the_command(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(conf.read_text() + "a1.sources.r1.ack-every-event = true  # as the client\n")
    assert run("--format", "sarif", "a.conf") == 1
    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    lines = conf.read_text().splitlines(keepends=True)
    found = [
        replacement
        for result in results
        for change in result["fixes"][0]["artifactChanges"]
        for replacement in change["replacements"]
    ]
    for each in sorted(
        found,
        key=lambda one: (
            -one["deletedRegion"]["startLine"] * 1000 - one["deletedRegion"]["startColumn"]
        ),
    ):
        region = each["deletedRegion"]
        assert region["startLine"] == region["endLine"]
        line = lines[region["startLine"] - 1]
        lines[region["startLine"] - 1] = (
            line[: region["startColumn"] - 1]
            + each["insertedContent"]["text"]
            + line[region["endColumn"] - 1 :]
        )

    run("--fix", "a.conf")
    assert len(found) > 1
    assert "".join(lines) == conf.read_text()


def test_github_gets_an_annotation(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--format", "github", "a.conf") == 1
    assert capsys.readouterr().out == (
        "::error file=a.conf,line=14,endLine=14,col=13,endColumn=21,"
        "title=idle [sink-uses-channels]::"
        "sink k1 has `channels`, which no sink reads; write channel\n"
    )


def test_junit_has_a_failed_case_for_a_finding_and_a_passed_one_for_a_clean_file(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("b.conf").write_text(BASE)

    assert run("--format", "junit", "a.conf", "b.conf") == 1
    wrong, clean = ET.fromstring(capsys.readouterr().out)  # noqa: S314 - our own output

    assert (wrong.get("name"), wrong.get("tests"), wrong.get("failures")) == ("a.conf", "1", "1")
    failure = wrong.find("testcase/failure")
    assert failure is not None
    assert failure.get("type") == "idle"
    assert (clean.get("name"), clean.get("failures"), len(clean.findall("testcase"))) == (
        "b.conf",
        "0",
        1,
    )


def test_a_conf_comes_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin(monkeypatch, WRONG)

    assert run("-") == 1
    assert capsys.readouterr().out.startswith("-:14:13: idle: ")


def stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_folder_is_searched_for_confs_of_flume(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in {
        "in/flume.properties": WRONG,
        "in/log4j.properties": "log4j.rootLogger = INFO\n",
        "in/target/built.conf": WRONG,
        "in/.git/hidden.conf": WRONG,
    }.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)

    assert run("--format", "json", "in") == 1
    found = json.loads(capsys.readouterr().out)
    assert [each["file"] for each in found] == ["in/flume.properties"]


def test_markdown_blocks_are_checked_in_their_place(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = f"# Page\n\n```properties\n{WRONG}```\n\n```sh\na1.sinks = x\n```\n"
    Path("page.md").write_text(page)

    assert run("--format", "json", "--markdown", "page.md") == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["line"], found["column"]) == (17, 13)

    assert run("--fix", "--markdown", "page.md") == 0
    assert Path("page.md").read_text() == page.replace("k1.channels", "k1.channel")


def test_a_block_that_shows_a_part_of_a_conf_is_not_told_what_it_lacks(conf: Path) -> None:
    part = "a1.sinks.k1.type = avro\na1.sinks.k1.hostname = spark\na1.sinks.k1.port = 4141\n"
    Path("page.md").write_text(f"```properties\n{part}```\n")
    assert run("--markdown", "page.md") == 0

    Path("page.md").write_text(f"```properties\n{part}a1.sinks.k1.channels = c1\n```\n")
    assert run("--markdown", "page.md") == 1


def test_fix_mends_the_file_and_keeps_the_rest(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "# A note\r\n"
        + WRONG.replace("\n", "\r\n").replace("a1.sinks = k1", "a1.sinks = k1, k2")
        + "! end é"
    )
    conf.write_bytes(text.encode())

    run("--fix", "a.conf")

    expected = text.replace("k1.channels", "k1.channel").replace("k1, k2", "k1 k2")
    assert conf.read_bytes().decode() == expected
    assert run("--diff", "a.conf") == 0


def test_diff_shows_the_fix_and_writes_nothing(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--diff", "a.conf") == 1
    out = capsys.readouterr().out
    assert "-a1.sinks.k1.channels = c1\n+a1.sinks.k1.channel = c1\n" in out
    assert conf.read_text() == WRONG


def test_the_line_ends_of_a_diff_are_the_confs_also_where_a_system_has_others(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for end in ("\n", "\r\n"):
        conf.write_bytes(WRONG.replace("\n", end).encode())
        stdout = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", newline="\r\n")  # as on Windows
        monkeypatch.setattr("sys.stdout", stdout)
        assert run("--diff", "a.conf") == 1
        written = stdout.buffer.getvalue()  # type: ignore[attr-defined]
        change = f"-a1.sinks.k1.channels = c1{end}+a1.sinks.k1.channel = c1{end}"
        assert change.encode() in written
        assert b"@@\n" in written


def test_fix_of_standard_input_goes_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    stdin(monkeypatch, WRONG)

    assert run("--fix", "-") == 0
    out, err = capsysbinary.readouterr()
    assert out.decode() == BASE
    assert err.startswith(b"1 file: clean")


def test_fail_on_lets_milder_findings_pass(conf: Path) -> None:
    conf.write_text(BASE + "a1.channels.c1.capacity = 1000\n")  # style

    assert run("a.conf") == 1
    assert run("--fail-on", "risky", "a.conf") == 0
    conf.write_text(WRONG)
    assert run("--fail-on", "loses-data", "a.conf") == 0
    assert run("--fail-on", "idle", "a.conf") == 1


def test_a_note_does_not_fail_unless_it_is_wanted(
    conf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ADDRESS", raising=False)
    conf.write_text(changed(BASE, ("bind = 127.0.0.1", "bind = ${env:ADDRESS}")))

    assert run("a.conf") == 0
    assert "a.conf:6:22: note: ADDRESS is not set here" in capsys.readouterr().out
    assert run("--no-notes", "--format", "json", "a.conf") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run("--fail-on", "note", "a.conf") == 1
    monkeypatch.setenv("ADDRESS", "127.0.0.1")
    assert run("--fail-on", "note", "a.conf") == 0


def test_a_comment_switches_a_rule_off(conf: Path) -> None:
    pragma = "# flumelint: ignore=sink-uses-channels, comma-in-list"
    conf.write_text(WRONG.replace("a1.sinks.k1.channels", f"{pragma}\na1.sinks.k1.channels"))
    assert run("a.conf") == 0

    conf.write_text("# flumelint: ignore=sink-uses-channels\n" + WRONG)
    assert run("a.conf") == 1, "it covers the next assignment only"

    conf.write_text("# flumelint: ignore-file=sink-uses-channels\n" + WRONG)
    assert run("a.conf") == 0


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".flumelint.toml", 'ignore = ["sink-uses-channels"]'),
        ("pyproject.toml", '[tool.flumelint]\nignore = ["sink-uses-channels"]'),
        (".flumelint.toml", 'fail-on = "loses-data"'),
        (".flumelint.toml", 'only = ["comma-in-list"]'),
        (".flumelint.toml", '[severity]\nsink-uses-channels = "note"'),
        (".flumelint.toml", '[per-file-ignore]\n"*.conf" = ["sink-uses-channels"]'),
    ],
)
def test_settings_come_from_a_file(conf: Path, file: str, text: str) -> None:
    assert run("a.conf") == 1
    Path(file).write_text(text)
    assert run("a.conf") == 0


def test_an_excluded_file_is_left_out(conf: Path) -> None:
    Path("vendor").mkdir()
    Path("vendor/b.conf").write_text(WRONG)
    conf.write_text(BASE)
    Path(".flumelint.toml").write_text('exclude = ["vendor"]')

    assert run(".") == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ignor = []", "there is no setting ignor; did you mean ignore?"),
        ('ignore = ["sink-uses-channel"]', "there is no rule sink-uses-channel; did you mean "),
        ('fail-on = "bad"', "no severity bad; write loses-data, idle, ignored"),
        ("ignore = 5", "5 is no list of texts"),
        ("ignore = [", "cannot read"),
    ],
)
def test_wrong_settings_are_wrong_use(
    conf: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    Path(".flumelint.toml").write_text(text)

    assert run("a.conf") == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["missing.conf"],
        ["--format", "yaml", "a.conf"],
        ["--ignore", "no-such-rule", "a.conf"],
        ["explain", "no-such-rule"],
        ["graph", "missing.conf"],
        ["route", "a.conf", "--header", "kind"],
        ["empty"],
    ],
)
def test_wrong_use_ends_with_2_and_a_line(
    conf: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    Path("empty").mkdir()

    assert run(*arguments) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("flumelint")


def test_a_fault_of_its_own_ends_with_3(
    conf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "check_files", lambda *_: 1 / 0)

    assert run("a.conf") == 3
    assert "this is a fault of flumelint" in capsys.readouterr().err


def test_the_started_agent_must_be_in_the_file(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(BASE)

    assert run("--agent", "a1", "a.conf") == 0
    assert run("--agent", "agent", "a.conf") == 1
    assert "the agent agent, which is started, is not in this file" in capsys.readouterr().out


def test_explain_lists_the_rules_and_shows_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain") == 0
    assert "sink-uses-channels" in capsys.readouterr().out
    assert run("explain", "sink-uses-channels") == 0
    page = capsys.readouterr().out
    for heading in ("What Flume does", "Why it hurts", "Wrong", "Right"):
        assert f"\n{heading}\n" in page


@pytest.mark.parametrize("arguments", [["--help"], ["explain", "--help"], ["graph", "--help"],
                                       ["route", "--help"], ["--version"]])  # fmt: skip
def test_help_fits_into_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert run(*arguments) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_every_format_takes_no_findings() -> None:
    for report in FORMATS.values():
        report([], ["a.conf"])


def test_statistics_count_findings_and_files_by_rule(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("b.conf").write_text(BASE)

    assert run("--format", "statistics", "a.conf", "b.conf") == 1

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["severity", "rule", "findings", "files"]
    assert ["idle", "sink-uses-channels", "1", "1"] in lines


def test_a_rule_that_fails_ends_with_3_in_a_process_of_its_own(tmp_path: Path) -> None:
    """The whole way: a fault in a rule is not taken for findings, nor for wrong use."""
    (tmp_path / "a.conf").write_text(BASE)
    code = (
        "import sys\n"
        "from dataclasses import replace\n"
        "from flumelint import cli, rules\n"
        "broken = rules.all_rules()\n"
        "broken['comma-in-list'] = replace(broken['comma-in-list'], check=lambda conf: 1 / 0)\n"
        "sys.exit(cli.main(['a.conf']))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 3
    assert ended.stdout == ""
    assert "ZeroDivisionError" in ended.stderr
    assert ended.stderr.endswith("this is a fault of flumelint; please report it\n")
