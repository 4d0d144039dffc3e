"""Which tests may run at the same time, for `pytest -n 2 --dist loadgroup` (make test)."""

import hypothesis
import pytest

# Two at a time on two cores: how long an example takes says nothing.
hypothesis.settings.register_profile("lab", deadline=None)
hypothesis.settings.load_profile("lab")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of a file share a Spark or a lab; those of tests/docker share a project's name."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group("docker" if folder == "docker" else item.path.stem))
