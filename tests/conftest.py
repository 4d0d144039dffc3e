"""Which tests may run at the same time, for `pytest -n 2` (make test): those of different files."""

from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

# Two at a time on two cores: how long an example takes says nothing.
hypothesis.settings.register_profile("lab", deadline=None)
hypothesis.settings.load_profile("lab")


class Lanes(LoadFileScheduling):
    """A file's tests share a Spark or a lab, and all of tests/docker a Compose project.

    Not by pytest-xdist's own groups: with pytest 9.2 it does not find them.
    """

    def _split_scope(self, nodeid: str) -> str:
        folder, _, _ = nodeid.rpartition("/")
        return folder if folder == "tests/docker" else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """Asked by pytest-xdist."""
    return Lanes(config, log)
