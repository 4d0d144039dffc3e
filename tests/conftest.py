"""For all tests."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import hypothesis
import pytest

from tests.support.at_once import AT_A_TIME, Begun, fixtures_of, scenes_of

# On a busy machine how long an example takes says nothing.
hypothesis.settings.register_profile("lab", deadline=None)
hypothesis.settings.load_profile("lab")


@pytest.fixture(scope="module")
def begun(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Begun]:
    """The chosen tests of this module that are marked with `at_once`."""
    scenes = scenes_of([each for each in request.session.items if each.path == request.path])
    fixtures = [[request.getfixturevalue(name) for name in fixtures_of(each)] for each in scenes]
    pool = ThreadPoolExecutor(AT_A_TIME)
    try:
        yield {
            scene: pool.submit(scene, tmp_path_factory.mktemp(scene.__name__[:30]), *wanted)
            for scene, wanted in zip(scenes, fixtures, strict=True)
        }
    finally:
        pool.shutdown(cancel_futures=True)
