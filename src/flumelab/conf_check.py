"""What flumelint finds in a conf, told before its agent starts.

Every finding is told. A run is refused only if Flume would surely do nothing: what loses data is
often what a student wants to see, and the ledger then shows it.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from flumelab.errors import LabError
from flumelint import Finding, Options, Severity, check, starts_nothing

LAB_AGENT = "lab"  # the name of the agent in each conf of a lesson


def of_the_lab(root: Path) -> list[Path]:
    """Return the lab's own confs."""
    return sorted((root / "flume-conf").glob("*.conf"))


def findings(file: Path, agent: str | None = None) -> list[Finding]:
    """Return what is wrong in a conf, the notes left out; nothing for a file that is not there."""
    options = Options(environ=os.environ, agent=agent)
    found = check(file, options=options) if file.is_file() else []
    return [each for each in found if each.severity is not Severity.NOTE]


def of_lesson(conf: str, root: Path, report: Callable[[str], None]) -> None:
    """Check a lesson's conf as `require_work` does; a lesson without Flume has none.

    :param conf: the file's name in flume-conf/, or nothing
    """
    if conf:
        require_work(root / "flume-conf" / conf, LAB_AGENT, report)


def require_work(file: Path, agent: str | None, report: Callable[[str], None]) -> None:
    """Report each finding. Raises `LabError` if Flume would do nothing with the conf."""
    found = findings(file, agent)
    for line in told(found):
        report(line)
    if file.is_file() and starts_nothing(file, options=Options(environ=os.environ, agent=agent)):
        mended = any(each.fix for each in found)
        hint = f"; flumelint --fix {file} mends some of it" if mended else ""
        raise LabError(f"{file}: Flume would do nothing with this conf; correct it{hint}")


def told(found: list[Finding]) -> Iterator[str]:
    """Yield a line for each finding: place, severity, fact, remedy, rule."""
    for each in found:
        place = f"{each.file}:{each.line}:{each.column}"
        yield f"{place}: {each.severity.value}: {each.text} [{each.rule}]"
