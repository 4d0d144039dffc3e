"""Why a program or an agent has ended, in the words that the user needs."""

from collections.abc import Mapping
from pathlib import Path

ERROR_LETTERS = 300


def explain_end(progress: Mapping[str, object]) -> list[str]:
    """Return the lines that explain a program's end; none for one that ended with 0."""
    failure, code = progress.get("failure"), progress.get("ended")
    if isinstance(failure, list) and failure:
        return failure
    if code is None and not progress.get("streams_ended"):
        return ["The program was killed, or it ended its own process: it has left no exit code"]
    return [f"The program ended with exit code {code}"] if code else []


def first_error(log: Path) -> str | None:
    """Return the first error in an agent's log, in one short line; None where there is none."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    for line in lines:
        if " ERROR " in line:
            return " | ".join(line.split(" ERROR ", 1)[1].split(" | ")[:2]).strip()[:ERROR_LETTERS]
    return None
