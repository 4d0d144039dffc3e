"""docs/lessons.md and the README show every lesson."""

import re
from pathlib import Path

import pytest

from flumelab.lessons.catalogue import APPS, App

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/lessons.md").read_text()
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("app", APPS.values(), ids=lambda app: app.name)
def test_a_lesson_has_a_section_with_its_programs_its_scenario_and_a_picture(app: App) -> None:
    text = SECTIONS[app.name]
    assert [p.program for p in app.programs if f"(../spark-apps/{p.program})" not in text] == []
    assert f"`{app.scenario}`" in text
    (picture,) = re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = picture.splitlines()
    assert 2 <= len(lines) <= 6
    assert max(map(len, lines)) <= 80


def test_every_section_is_of_a_lesson_that_exists() -> None:
    assert SECTIONS.keys() == APPS.keys()


def test_the_readme_lists_every_lesson_with_its_picture() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in APPS if f"[`{name}`](docs/lessons.md#{name}): " not in readme] == []
