"""For all tests."""

from pathlib import Path

import hypothesis
import pytest

# On a busy machine how long an example takes says nothing.
hypothesis.settings.register_profile("lab", deadline=None)
hypothesis.settings.load_profile("lab")

TESTS = Path(__file__).parent
# Their programs use the ports that are written in them.
OWN_PORTS = {"integration/test_own_programs.py", "integration/test_readme.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a file's tests share a process, and all of Docker's: they share their images."""
    for item in items:
        file = item.path.relative_to(TESTS)
        group = "own ports" if file.as_posix() in OWN_PORTS else file.as_posix()
        item.add_marker(pytest.mark.xdist_group("docker" if file.parts[0] == "docker" else group))
