"""All that a user gets may be passed on: the jars as they were built here."""

from __future__ import annotations

import pytest

from tools.release.licences import is_allowed, jar_licences


def test_each_built_jar_has_a_licence_that_allows_it() -> None:
    found = dict(jar_licences())
    if not found:
        pytest.skip("no jar is built here: flumelab build --runtime local")

    assert {name: each for name, each in found.items() if not is_allowed(each)} == {}
