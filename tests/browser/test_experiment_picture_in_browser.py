"""The picture of an experiment in a real browser, from a file, as a learner opens it."""

from pathlib import Path

import pytest

from flumelab.experiments import experiment as files
from flumelab.experiments import picture
from flumelab.experiments.result import Result
from flumelab.experiments.theory import NONE, Bound, Theory
from flumelab.experiments.verdict import Measured, Verdict
from tests.support.browser import open_browser
from tests.support.experiment_evidence import SEEN

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_needs_no_network_and_axe_finds_no_serious_fault(
    tmp_path: Path, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = Result(
        files.find(ROOT, "file-channel-lost-ok"), Verdict.true, "it holds",
        Theory(NONE, Bound(0, 10), ("Because.",)), Measured(30, 0, 10), None,
        {"generated": 20, "left the sink": 30}, (), ((11, 20),), 1.0, tmp_path,
    )  # fmt: skip
    file = tmp_path / "picture.html"
    file.write_text(picture.page(found, SEEN))
    with open_browser() as browser:
        page = browser.new_page(color_scheme=scheme)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        assert asked == [file.as_uri()]
        violations = axe.Axe().run(page).response["violations"]
        assert [
            each["id"] for each in violations if each["impact"] in ("serious", "critical")
        ] == []
        # Each note is inside the picture, and no label is wider than the picture.
        outside = page.evaluate(
            "(() => { const svg = document.querySelector('.scroll svg');"
            "const box = svg.getBoundingClientRect();"
            "return [...svg.querySelectorAll('text')].filter(text => {"
            "const its = text.getBoundingClientRect();"
            "return its.left < box.left || its.right > box.right || its.bottom > box.bottom })"
            ".map(text => text.textContent) })()"
        )
        assert outside == []
