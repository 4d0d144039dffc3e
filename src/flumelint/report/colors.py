"""Colours for a terminal: the place is bold, and the severity has the colour of its weight."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flumelint.findings import Severity

COLORS = {
    Severity.LOSES_DATA: "31;1",
    Severity.IDLE: "31",
    Severity.IGNORED: "33",
    Severity.RISKY: "33",
    Severity.STYLE: "36",
    Severity.NOTE: "2",
}
BOLD, DIM, CARET = "1", "2", "32;1"

_WORDS = "|".join(each.value for each in Severity)
_HEAD = re.compile(
    rf"(?P<place>\S.*?:\d+:\d+:) (?P<severity>{_WORDS}): (?P<rest>.*?)"
    r"(?P<rule> \[\S+\])?"
)
_CARETS = re.compile(r"  \| [ \t]*(\^+)")


def parts(line: str) -> Iterator[tuple[str, str]]:
    """Yield a line's pieces, each with its code; no code for the plain ones."""
    if head := _HEAD.fullmatch(line):
        yield f"{head['place']} ", BOLD
        yield head["severity"], COLORS[Severity(head["severity"])]
        yield f": {head['rest']}", ""
        yield head["rule"] or "", DIM  # a line that is too long goes on in the next one
    elif carets := _CARETS.fullmatch(line):
        yield line[: carets.start(1)], DIM
        yield carets[1], CARET
    elif line.startswith("  | "):
        yield "  | ", DIM
        yield line[4:], ""
    elif line.startswith(("  remedy: ", "  valid: ", "  line ")):
        label, _, rest = line.partition(": ")
        yield f"{label}: ", BOLD
        yield rest, ""
    else:
        yield line, ""


def colored(text: str) -> str:
    """Return the text report with colours."""
    return "\n".join(
        "".join(f"\x1b[{code}m{piece}\x1b[0m" if code else piece for piece, code in parts(line))
        for line in text.split("\n")
    )
