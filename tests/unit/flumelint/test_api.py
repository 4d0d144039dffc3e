"""The API, as the package's README shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import flumelint
from flumelint import Finding, Options, Severity
from flumelint.rules.rule import BASE, changed

README = Path(__file__).parents[3] / "src" / "flumelint" / "README.md"
WRONG = changed(BASE, ("k1.channel", "k1.channels"))


def test_the_python_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (python,) = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("flume.conf").write_text(WRONG)
    exec(compile(python, "README", "exec"), {})  # noqa: S102 - our own page
    assert "14 13 idle sink-uses-channels sink k1 has `channels`" in capsys.readouterr().out

    Path("flume.conf").write_text("a1.sources = r1\n")
    exec(compile(python, "README", "exec"), {})  # noqa: S102 - our own page
    assert "has nothing to do" in capsys.readouterr().out


def test_a_path_a_text_and_bytes_give_the_same(tmp_path: Path) -> None:
    file = tmp_path / "a.conf"
    file.write_text(WRONG)
    name = str(file)

    found = flumelint.check(file)
    assert [(each.rule, each.severity) for each in found] == [("sink-uses-channels", Severity.IDLE)]
    assert found == flumelint.check(WRONG, path=name) == flumelint.check(WRONG.encode(), path=name)
    assert found[0].file == name


def test_a_finding_has_its_place_and_its_texts() -> None:
    (found,) = flumelint.check(WRONG, path="a.conf")

    assert isinstance(found, Finding)
    assert (found.line, found.column, found.end_line, found.end_column) == (14, 13, 14, 21)
    assert found.text == f"{found.message}; {found.remedy}"
    assert found.as_json()["message"] == found.text


def test_a_file_that_is_missing_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        flumelint.check(tmp_path / "none.conf")


@pytest.mark.parametrize(
    "options",
    [
        Options(ignore={"sink-uses-channels"}),
        Options(only={"comma-in-list"}),
        Options(per_file_ignore={"*.conf": ["sink-uses-channels"]}),
    ],
)
def test_options_switch_a_rule_off(options: Options) -> None:
    assert flumelint.check(WRONG, path="a.conf", options=options) == []


def test_options_say_what_is_started_what_is_set_and_how_bad_it_is() -> None:
    conf = changed(BASE, ("bind = 127.0.0.1", "bind = ${env:HOST}"))

    assert [each.rule for each in flumelint.check(conf)] == ["unset-variable"]
    assert flumelint.check(conf, options=Options(environ={"HOST": "localhost"})) == []
    (found,) = flumelint.check(
        WRONG, options=Options(severities={"sink-uses-channels": Severity.NOTE})
    )
    assert found.severity is Severity.NOTE
    (found,) = flumelint.check(BASE, options=Options(agent="a2"))
    assert found.rule == "no-such-agent"


def test_a_conf_that_starts_nothing_is_told() -> None:
    assert flumelint.starts_nothing("a1.sources = r1\n")
    assert flumelint.starts_nothing(BASE, options=Options(agent="a2"))
    assert not flumelint.starts_nothing(BASE)


def test_what_the_package_names_is_there() -> None:
    assert all(hasattr(flumelint, name) for name in flumelint.__all__)
