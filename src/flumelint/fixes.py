"""Applies the safe fixes to a text; comments and the order of lines stay."""

from __future__ import annotations

import difflib
from bisect import bisect_left, insort
from collections.abc import Callable, Sequence

from flumelint.findings import Edit, Finding

ROUNDS_MAX = 50  # each round applies the fixes that do not overlap


def apply(text: str, find: Callable[[str], Sequence[Finding]]) -> tuple[str, int]:
    """Return the text with every fix applied, and how many there were.

    :param find: returns the findings of a text
    """
    count = 0
    for _ in range(ROUNDS_MAX):
        edits, fixed = _without_overlaps(find(text))
        if not edits:
            break
        changed = _edited(text, edits)
        if changed == text:
            break
        text, count = changed, count + fixed
    return text, count


def _without_overlaps(findings: Sequence[Finding]) -> tuple[list[Edit], int]:
    """Return the edits of as many fixes as fit, and the number of these fixes."""
    chosen: list[Edit] = []  # in the order of their places
    count = 0
    for found in findings:
        if found.fix and all(_is_free(edit, chosen) for edit in found.fix):
            for edit in found.fix:
                insort(chosen, edit, key=_start)
            count += 1
    return chosen, count


def _start(edit: Edit) -> int:
    return edit.span.start


def _is_free(edit: Edit, chosen: Sequence[Edit]) -> bool:
    """Whether an edit touches none of the others; two insertions at one place touch as well."""
    at = bisect_left(chosen, edit.span.start, key=_start)
    before = chosen[at - 1] if at else None
    behind = chosen[at] if at < len(chosen) else None
    return (before is None or before.span.end < edit.span.start) and (
        behind is None or edit.span.end < behind.span.start
    )


def _edited(text: str, edits: Sequence[Edit]) -> str:
    pieces, end = [], 0
    for edit in edits:
        pieces += [text[end : edit.span.start], edit.text]
        end = edit.span.end
    return "".join([*pieces, text[end:]])


def diff(name: str, before: str, after: str) -> str:
    """Return the change as a unified diff, as ``patch -p0`` takes it."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, name
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
