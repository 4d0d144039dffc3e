"""Which tests may run at once (``pytest -n 2 --dist loadgroup``)."""

from pathlib import Path

import pytest

DOCKER = Path(__file__).parent / "docker"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of a file share what they have started; those in Docker its images and memory."""
    for item in items:
        group = "docker" if DOCKER in item.path.parents else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
