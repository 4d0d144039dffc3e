"""A real Chromium for the tests of the page, which nothing downloads: Debian's package."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
REMEDY = "apt-get install chromium"


def chromium() -> str:
    """Return the browser's path; skips the test, with the reason, where there is none.

    With `LAB_REQUIRE_BROWSER=1` a missing browser is a failure.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    if os.environ.get("LAB_REQUIRE_BROWSER"):
        pytest.fail(f"no Chromium is installed: {REMEDY}")
    pytest.skip(f"no Chromium is installed: {REMEDY}")


@contextmanager
def open_browser() -> Iterator[Any]:
    """Yield playwright's browser."""
    path = chromium()
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        # Root, as in a container, has no sandbox. The pages are the lab's own.
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
