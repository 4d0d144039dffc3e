"""What flumelint says about a learner's conf, before any agent starts."""

from collections.abc import Iterable
from pathlib import Path

from flumelab import conf_check
from flumelint import Finding, Severity, parse

STOPS = (Severity.LOSES_DATA, Severity.IDLE, Severity.IGNORED)
"""What is worse than these is sure to go wrong, so an agent need not start."""


def mistake_in(file: Path, agent: str = conf_check.LAB_AGENT) -> tuple[str, str] | None:
    """Return the cause and the message of the worst finding; None if the conf may start."""
    if folder := _own_folder(file):
        return "own-folder", folder
    return worst_of(conf_check.findings(file, agent))


def worst_of(findings: Iterable[Finding]) -> tuple[str, str] | None:
    """Return the cause and the message of the worst finding that no agent should start with."""
    found = [each for each in findings if each.severity in STOPS]
    if not found:
        return None
    worst = min(found, key=lambda finding: finding.severity.rank)
    return f"lint:{worst.rule}", "\n".join(_told(worst))


def _own_folder(file: Path) -> str | None:
    """Refuse a source that reads a folder which is not the lab's: it would rename what is there."""
    for each in parse(file.read_text("utf-8", "replace"), str(file)).assignments:
        folder = each.value.text.strip()
        if each.key.text.endswith(".spoolDir") and not folder.startswith("${env:"):
            return (
                f"{file.name}: spoolDir is {folder}, and Flume would rename all files "
                "there. The lab puts its files into ${env:FLUME_SPOOL_DIR}; write that."
            )
    return None


def _told(finding: Finding) -> list[str]:
    place = f"{Path(finding.file).name}, line {finding.line}"
    return [
        "flumelint has found a mistake that Flume would not tell you:",
        f"{place}: {finding.text}",
        f"flumelint explain {finding.rule} says what Flume does and why it hurts.",
    ]
