"""The page of known signs; `python -m tests.support.signs_page` writes its table anew."""

from __future__ import annotations

import re
from pathlib import Path

from flumelab.signs.known import Known, known

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "signs.md"
BEGIN, END = "<!-- signs: begin -->\n", "<!-- signs: end -->\n"
SEEN = {
    "log": "log",
    "counters": "Flume's counters",
    "folder": "folder",
    "conf": "conf",
    "hops": "lines at each hop",
    "state": "list of services",
}


def table() -> str:
    """Return the table that known.toml gives."""
    rows = ["| sign | level | seen in | message |", "|---|---|---|---|"]
    rows += [_row(entry) for entry in known().values()]
    return "\n".join([*rows, ""])


def page_table() -> str:
    """Return the table that the page has."""
    return PAGE.read_text("utf-8").split(BEGIN)[1].split(END)[0]


def _row(entry: Known) -> str:
    kinds = ", ".join(entry.kinds)
    seen = f"{kinds}: log" if kinds else SEEN[entry.seen]
    message = f"{entry.place}: {entry.fact}; {entry.remedy}"
    shown = re.sub(r"\{(\w+)\}", r"*\1*", message).replace("|", "\\|")
    return f"| `{entry.name}` | {entry.level} | {seen} | {shown} |"


if __name__ == "__main__":
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.split(END)[1], "utf-8")
