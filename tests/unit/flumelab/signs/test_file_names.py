"""What is told of compressed and temporary files in a spool folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from flumelab.signs import File, Level
from tests.support.snapshots import CONF, NOW, SPOOL, signs

LAB = Path(__file__).parents[4] / "flume-conf/access-log.conf"
[IGNORE] = [line for line in LAB.read_text().splitlines() if ".ignorePattern = " in line]
IGNORING = f"{CONF}a1.sources.r1.ignorePattern = {IGNORE.partition(' = ')[2]}\n"


@pytest.mark.parametrize("name", ["access.log.gz", "a.bz2", "a.xz", "a.zst", "logs.zip"])
def test_a_compressed_file_is_named_with_the_command_that_sends_its_lines(name: str) -> None:
    files = (File(name, 900, NOW - 500),)
    found = signs(conf=IGNORING, files=files)
    assert found.keys() == {"compressed-ignored"}  # and not that the source does not move
    assert found["compressed-ignored"].sentence == (
        f"{SPOOL}/{name}: source r1 ignores it, because it is compressed; remove it, and send its "
        f"lines with flumelab feed --replay {name}"
    )
    assert found["compressed-ignored"].level is Level.WARNING


@pytest.mark.parametrize("name", ["access.log.gz", "access.log.gz.COMPLETED"])
def test_a_compressed_file_that_is_sent_as_it_is_loses_lines(name: str) -> None:
    sign = signs(files=(File(name, 900, NOW - 5),))["compressed-read"]
    assert sign.level is Level.LOSS
    assert "set a1.sources.r1.ignorePattern as flume-conf/access-log.conf has it" in sign.remedy


@pytest.mark.parametrize("name", ["access.log.tmp", "a.part", ".a.swp", "a~"])
def test_a_temporary_file_is_named_if_it_is_visible(name: str) -> None:
    found = signs(conf=IGNORING, files=(File(name, 900, NOW - 500),))
    assert found.keys() == (set() if name.startswith(".") else {"temporary-ignored"})


def test_other_names_have_no_sign() -> None:
    names = ("gz.log", "a.gz.1", "tmp", "a.tmp.log", "a.log.COMPLETED")
    files = tuple(File(name, 900, NOW - 5) for name in names)
    assert signs(conf=IGNORING, files=files) == {}


def test_a_pattern_that_only_java_can_read_breaks_nothing() -> None:
    conf = f"{CONF}a1.sources.r1.ignorePattern = \\p{{Alpha}}+\n"
    assert signs(conf=conf, files=(File("a.log", 900, NOW - 5),)) == {}
