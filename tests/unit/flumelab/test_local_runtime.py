"""What the local runtime says when no lab is up."""

from dataclasses import replace
from pathlib import Path

import pytest

from flumelab import settings
from flumelab.errors import LabError
from flumelab.runtimes.local import LocalRuntime


def test_nothing_is_stopped_and_no_folder_is_made_when_no_lab_is_up(tmp_path: Path) -> None:
    runtime = LocalRuntime(replace(settings.load(), state=tmp_path / "state"))
    said: list[str] = []
    runtime.down(said.append)
    assert said == ["no lab is up"]
    assert not (tmp_path / "state").exists()


def test_a_part_of_a_lab_that_is_down_is_not_started(tmp_path: Path) -> None:
    runtime = LocalRuntime(replace(settings.load(), state=tmp_path))
    with pytest.raises(LabError, match=r"the lab is down; flumelab up starts it"):
        runtime.start("flume", pytest.fail)
