"""What is shown of two groups of tests that run at the same time, and how they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import side_by_side
from tests.support.waiting import wait_for

BARE = ["-p", "no:cacheprovider", "-c", os.devnull, "--rootdir"]
WAITS = """\
import pathlib, time
def test_a_wait():
    try:
        pathlib.Path("{here}/begun").touch()
        time.sleep(60)
    finally:
        pathlib.Path("{here}/cleared_up").touch()
"""


def test_a_failure_in_one_group_fails_both_and_their_outputs_are_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert all(Path(path).exists() for path in side_by_side.ASIDE)
    for name, line in {"aside": "assert False", "others": "assert True"}.items():
        (tmp_path / f"test_{name}.py").write_text(f"def test_of_{name}():\n    {line}\n")
    monkeypatch.setattr(side_by_side, "ASIDE", [str(tmp_path / "test_aside.py")])
    monkeypatch.setattr(side_by_side, "OTHERS", [str(tmp_path / "test_others.py")])
    report = f"--junitxml={tmp_path}/$GROUP.xml"

    assert side_by_side.main(["-v", *BARE, str(tmp_path), report]) == 1

    output = capfd.readouterr().out
    words = ("::test_of_others PASSED", "1 passed in", "::test_of_aside FAILED", "1 failed in")
    assert sorted(words, key=output.index) == list(words), output
    assert {each.name for each in tmp_path.glob("*.xml")} == {"aside.xml", "others.xml"}


def test_a_stop_lets_both_groups_clear_up(tmp_path: Path) -> None:
    groups = {name: tmp_path / name for name in ("aside", "others")}
    for folder in groups.values():
        folder.mkdir()
        (folder / "test_it.py").write_text(WAITS.format(here=folder))
    code = (
        "import sys; from tests import side_by_side as its; "
        f"its.ASIDE, its.OTHERS = [{str(groups['aside'])!r}], [{str(groups['others'])!r}]; "
        f"sys.exit(its.main({[*BARE, str(tmp_path)]}))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as run:
        wait_for(lambda: all((f / "begun").exists() for f in groups.values()), "both run")
        run.send_signal(signal.SIGTERM)
        output, _ = run.communicate(timeout=60)
    assert run.returncode == int(pytest.ExitCode.INTERRUPTED)
    assert all((folder / "cleared_up").exists() for folder in groups.values())
    assert output.count("KeyboardInterrupt") >= 2
