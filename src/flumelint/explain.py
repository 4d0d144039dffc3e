"""The page of a rule: what Flume does, why it hurts, the wrong and the right way."""

from __future__ import annotations

from flumelint.observed import observed_text
from flumelint.rules.rule import Rule


def explain(rule: Rule) -> str:
    """Return the page as plain text."""
    return "\n".join(
        [
            f"{rule.name} ({rule.severity.value})",
            f"{rule.summary}",
            "",
            "What Flume does",
            _indented(rule.flume),
            "",
            "Why it hurts",
            _indented(rule.harm),
            "",
            "Wrong",
            _indented(rule.wrong),
            "",
            "Right",
            _indented(rule.right),
            "",
            "What Flume 1.11 did with them",
            _indented(observed_text(rule.name)),
        ]
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.strip().splitlines())
