"""All that a user gets may be passed on and looked up: the jars as they were built here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.release.audit import ROOT, documents
from tools.release.licences import is_allowed, jar_licences


def test_each_built_jar_has_a_licence_that_allows_it() -> None:
    found = dict(jar_licences())
    if not found:
        pytest.skip("no jar is built here: flumelab build --runtime local")

    assert {name: each for name, each in found.items() if not is_allowed(each)} == {}


def test_each_built_jar_can_be_looked_up_by_group_and_version(tmp_path: Path) -> None:
    written = documents(ROOT, tmp_path)
    if not written:
        pytest.skip("no jar is built here: flumelab build --runtime local")

    found = [each for file in written for each in json.loads(file.read_text())["components"]]
    assert [each["purl"] for each in found if not each["group"] or not each["version"]] == []
