"""How `make mutants` chooses, and that its list of equivalents still fits the code."""

from pathlib import Path

import pytest

from tools.mutants.choice import Change, change_of, choose, equivalents, in_order

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "connector/src/pyspark_flume"
MUTANTS = [(place, number) for place in range(20) for number in range(1 + 10 * (place % 2))]


def chosen(count: int, seed: int) -> list[tuple[int, int]]:
    return choose(MUTANTS, lambda one: one[0], lambda one: one[1] != 0, count, seed)


def test_a_sample_has_one_usable_mutant_of_a_place_and_depends_on_the_seed_alone() -> None:
    sample = chosen(5, seed=1)

    assert len({place for place, _ in sample}) == 5
    assert all(number for _, number in sample)
    assert sample == chosen(5, seed=1) != chosen(5, seed=2)
    assert len(chosen(100, seed=1)) == 10


def test_a_change_is_the_same_wherever_its_lines_are() -> None:
    diff = ["--- ", "+++ ", "@@ -7 +7 @@", "-    if a < b:", "-        c", "+    if a <= b:"]

    assert change_of("landing/index.py", "decode", diff) == Change(
        "landing/index.py", "decode", "if a < b: c", "if a <= b:"
    )


def test_the_tests_of_the_mutants_own_folder_come_first() -> None:
    assert in_order(["landing", "avroipc", "ingest"], "ingest/stalls.py") == [
        *("ingest", "landing", "avroipc")
    ]


@pytest.mark.parametrize("change", equivalents(), ids=lambda change: change.before[:40])
def test_an_equivalent_change_is_to_a_line_that_exists(change: Change) -> None:
    lines = [line.strip() for line in (PACKAGE / change.file).read_text().splitlines()]
    changed = change.before.splitlines()
    parts = [lines[at : at + len(changed)] for at in range(len(lines))]

    assert changed in parts, "remove it from equivalents.toml, or correct it there"
