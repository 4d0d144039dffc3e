"""A table for many confs: how often each rule found something, and in how many files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from flumelint.findings import Finding
from flumelint.report.as_text import summary


def as_statistics(findings: Sequence[Finding], files: Sequence[str]) -> str:
    """Return a line for each severity and rule, the worst and most frequent first."""
    found: defaultdict[tuple[int, str, str], list[str]] = defaultdict(list)
    for each in findings:
        found[each.severity.rank, each.severity.value, each.rule].append(each.file)
    rows = sorted(found.items(), key=lambda row: (row[0][0], -len(row[1]), row[0][2]))
    width = max((len(rule) for _, _, rule in found), default=0)
    lines = [f"{'severity':<10}  {'rule':<{width}}  findings  files"] if rows else []
    for (_, severity, rule), names in rows:
        lines.append(f"{severity:<10}  {rule:<{width}}  {len(names):>8}  {len(set(names)):>5}")
    return "\n".join([*lines, summary(findings, files)])
