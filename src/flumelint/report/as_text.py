"""Findings for people: the place, the line with the very token underlined, and the remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap

from flumelint.findings import Finding, Severity

LINE_MAX = 160  # characters of a source line that are shown
COLUMNS = 80
NAMES_MAX = 12  # valid names that are shown


def as_text(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """Return a block for each finding, and a line that counts them."""
    return "\n".join([*(_block(found) for found in findings), summary(findings, files)])


def _block(found: Finding) -> str:
    lines = [head(found)]
    if found.severity is Severity.NOTE:
        return lines[0]
    if found.source_line.strip():
        lines += _excerpt(found)
    if found.related:
        lines.append(f"  line {found.related[0]}: {found.related[1]}")
    if found.remedy:
        fixable = " (flumelint --fix does it)" if found.fix else ""
        lines += _wrapped(f"  remedy: {found.remedy}{fixable}")
    if found.names:
        shown = found.names[:NAMES_MAX]
        more = f" and {len(found.names) - len(shown)} more" if len(found.names) > NAMES_MAX else ""
        lines += _wrapped(f"  valid: {', '.join(shown)}{more}")
    return "\n".join([*lines, ""])


def _wrapped(text: str) -> list[str]:
    """Break at spaces only, so that a key or a path can be copied."""
    return wrap(
        text, COLUMNS, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def head(found: Finding) -> str:
    """Return ``file:line:col: severity: message [rule]``."""
    place = f"{found.file}:{found.line}:{found.column}"
    return f"{place}: {found.severity.value}: {found.message} [{found.rule}]"


def _excerpt(found: Finding) -> list[str]:
    """Return the source line, and carets under its token; a tab stays a tab in both."""
    line, start = found.source_line, found.column - 1
    end = found.end_column - 1 if found.end_line == found.line else len(line)
    end = max(end, start + 1)
    cut = max(0, start - LINE_MAX // 2)
    shown = "".join(c if c.isprintable() or c == "\t" else "?" for c in line[cut : cut + LINE_MAX])
    blank = "".join("\t" if c == "\t" else " " for c in shown[: start - cut])
    carets = "^" * (min(end, cut + LINE_MAX) - start)
    dots = "…" if cut else ""
    return [f"  | {dots}{shown}", f"  | {' ' * len(dots)}{blank}{carets}"]


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
