"""Findings for people: the place, the line with the very token underlined, and the remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap

from flumelint.findings import Finding, Severity

LINE_MAX = 160  # characters of a source line that are shown where no terminal limits them
COLUMNS = 80
COLUMNS_MIN = 40  # a narrower terminal breaks the lines itself
NAMES_MAX = 12  # valid names that are shown
BAR = "  | "


def as_text(findings: Sequence[Finding], files: Sequence[str], columns: int | None = None) -> str:
    """Return a block for each finding, and a line that counts them.

    :param columns: the width of a terminal: longer lines are broken, and a source line is cut
        around its token. None: the first line of each finding stays one line, for programs.
    """
    width = None if columns is None else max(columns, COLUMNS_MIN)
    blocks = [_block(found, width) for found in findings]
    return "\n".join([*blocks, *broken(summary(findings, files), width)])


def _block(found: Finding, width: int | None) -> str:
    lines = broken(head(found), width)
    if found.severity is Severity.NOTE:
        return "\n".join(lines)
    if found.source_line.strip():
        lines += _excerpt(found, width)
    if found.related:
        lines += broken(f"  line {found.related[0]}: {found.related[1]}", width)
    if found.remedy:
        fixable = " (flumelint --fix does it)" if found.fix else ""
        lines += broken(f"  remedy: {found.remedy}{fixable}", width or COLUMNS)
    if found.names:
        shown = found.names[:NAMES_MAX]
        more = f" and {len(found.names) - len(shown)} more" if len(found.names) > NAMES_MAX else ""
        lines += broken(f"  valid: {', '.join(shown)}{more}", width or COLUMNS)
    return "\n".join([*lines, ""])


def broken(text: str, width: int | None) -> list[str]:
    """Break at spaces only, so that a key or a path can be copied; not at all without a width."""
    if width is None or len(text) <= width:
        return [text]
    return wrap(
        text, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def head(found: Finding) -> str:
    """Return ``file:line:col: severity: message [rule]``."""
    place = f"{found.file}:{found.line}:{found.column}"
    return f"{place}: {found.severity.value}: {found.message} [{found.rule}]"


def _excerpt(found: Finding, width: int | None) -> list[str]:
    """Return the source line, and carets under its token; a tab stays a tab in both.

    Of a long line only what is around the token is shown; on a terminal, a tab is one space then.
    """
    line, start = found.source_line, found.column - 1
    end = found.end_column - 1 if found.end_line == found.line else len(line)
    end = max(end, start + 1)
    room = LINE_MAX if width is None else width - len(BAR) - len("……")
    if width is not None and len(line.expandtabs()) > room:
        line = line.replace("\t", " ")
    cut = max(0, min(start - room // 3, len(line) - room))
    until = cut + room
    shown = "".join(c if c.isprintable() or c == "\t" else "?" for c in line[cut:until])
    blank = "".join("\t" if c == "\t" else " " for c in shown[: start - cut])
    carets = "^" * (min(end, until) - start)
    before, behind = "…" if cut else "", "…" if until < len(line) else ""
    return [f"{BAR}{before}{shown}{behind}", f"{BAR}{' ' * len(before)}{blank}{carets}"]


def summary(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """Return one line: how many files, and how many findings of each severity."""
    counts = Counter(found.severity for found in findings)
    notes = counts.pop(Severity.NOTE, 0)
    total = counts.total()
    looked_at = _plural(len(files), "file")
    kinds = ", ".join(f"{counts[each]} {each.value}" for each in Severity if counts[each])
    text = f"{looked_at}: {_plural(total, 'finding')} ({kinds})" if total else f"{looked_at}: clean"
    return f"{text}; {_plural(notes, 'note')}" if notes else text


def _plural(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'s' if count != 1 else ''}"
