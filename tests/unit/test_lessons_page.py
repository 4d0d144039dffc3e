"""docs/lessons.md and the README show every lesson."""

import re
from pathlib import Path

import pytest

from flumelab.lessons.catalogue import LESSONS, Lesson

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/lessons.md").read_text()
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.name)
def test_a_program_has_a_section_with_its_source_its_scenario_and_a_picture(lesson: Lesson) -> None:
    text = SECTIONS[lesson.name]
    assert [p.file for p in lesson.programs if f"(../spark-apps/{p.file})" not in text] == []
    assert f"`{lesson.scenario}`" in text
    (picture,) = re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = picture.splitlines()
    assert 2 <= len(lines) <= 6
    assert max(map(len, lines)) <= 80


def test_every_section_is_of_a_program_that_is_there() -> None:
    assert SECTIONS.keys() == LESSONS.keys()


def test_the_readme_lists_every_lesson_with_its_picture() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in LESSONS if f"[`{name}`](docs/lessons.md#{name}): " not in readme] == []
