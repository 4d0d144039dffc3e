"""The page of a rule: what Flume does, why it hurts, the wrong and the right way."""

from __future__ import annotations

from difflib import SequenceMatcher
from textwrap import fill

from flumelint.observed import observed_text
from flumelint.rules.rule import Rule


def explain(rule: Rule) -> str:
    """Return the page as plain text."""
    return "\n".join(
        [
            f"{rule.name} ({rule.severity.value})",
            _wrapped(rule.summary, ""),
            "",
            "What Flume does",
            _wrapped(rule.flume),
            "",
            "Why it hurts",
            _wrapped(rule.harm),
            "",
            "Wrong",
            _example(rule.wrong, rule.right),
            "",
            "Right",
            _example(rule.right, rule.wrong),
            "",
            "What Flume 1.11 did with them",
            _indented(observed_text(rule.name)),
        ]
    )


def _example(text: str, other: str) -> str:
    """Mark the lines that the other example does not have."""
    lines = text.strip().splitlines()
    blocks = SequenceMatcher(None, lines, other.strip().splitlines()).get_matching_blocks()
    same = {number for block in blocks for number in range(block.a, block.a + block.size)}
    return "\n".join(
        f"{'  ' if number in same else '> '}{line}".rstrip() for number, line in enumerate(lines)
    )


def _wrapped(text: str, indent: str = "  ") -> str:
    return fill(
        text.strip(),
        80,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.strip().splitlines())
