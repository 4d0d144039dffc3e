"""The example repositories pass their own tests, in an environment as their users have it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.spark import ROOT, environment

PIPELINE_TESTS = ROOT / "examples" / "pipeline-tests"


def run_tests(folder: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", *options]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def test_a_pipeline_is_tested_with_the_fixtures_of_the_package() -> None:
    done = run_tests(PIPELINE_TESTS, "-W", "error::pytest.PytestAssertRewriteWarning")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout


def test_without_flume_an_agents_test_is_skipped_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(flume_agent):\n    flume_agent('any.conf')\n")
    done = run_tests(tmp_path, PATH=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "flume-ng is not on the PATH; install Flume, or use FlumeContainer" in done.stdout


def test_an_agent_that_flume_cannot_run_shows_its_log(tmp_path: Path) -> None:
    (tmp_path / "wrong.conf").write_text("a.sources = s\na.sources.s.type = no.such.Class\n")
    (tmp_path / "test_it.py").write_text(
        "def test_it(flume_agent):\n    flume_agent('wrong.conf')\n"
    )
    done = run_tests(tmp_path)
    assert done.returncode == int(pytest.ExitCode.TESTS_FAILED)
    assert "Flume can run nothing in " in done.stdout
    assert "no.such.Class" in done.stdout
