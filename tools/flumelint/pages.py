"""Makes the page of flumelint's rules and its picture anew: ``make lint-page``.

The top of docs/flumelint.md is written by hand; what is below the marker comes from the rules. The
picture shows what flumelint prints for the conf in this module.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from html import escape
from pathlib import Path

from flumelint import Options, Severity, check
from flumelint.report.as_text import as_text
from flumelint.report.colors import BOLD, CARET, COLORS, DIM, parts
from flumelint.rules import all_rules
from flumelint.rules.rule import Rule

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "flumelint.md"
PICTURE = ROOT / "src" / "flumelint" / "picture.svg"
MARKER = "<!-- rules: make lint-page -->"
SAMPLE = r"""
web.sources = log
web.channels = buffer, errors
web.sinks = spark

web.sources.log.type = TAILDIR
web.sources.log.filegroups = all
web.sources.log.filegroups.all = /var/log/web/access\.log
web.sources.log.channels = buffer

web.channels.buffer.type = memory
web.channels.buffer.capacity = 10000  # events

web.sinks.spark.type = avro
web.sinks.spark.hostname = spark
web.sinks.spark.port = 4141
web.sinks.spark.batchSize = 1000
web.sinks.spark.channels = buffer
"""
FILLS = {
    COLORS[Severity.LOSES_DATA]: "#ff7b72;font-weight:bold",
    COLORS[Severity.IDLE]: "#ff7b72",
    COLORS[Severity.IGNORED]: "#e3b341",
    COLORS[Severity.STYLE]: "#76e3ea",
    BOLD: "#ffffff;font-weight:bold",
    DIM: "#8b949e",
    CARET: "#7ee787;font-weight:bold",
}
CHARACTER, LINE, MARGIN = 7.8, 19, 16  # px; of the picture's font


def rules_page() -> str:
    """The part of the page that is made from the rules."""
    rules = list(all_rules().values())
    lines = ["| severity | rules |", "|---|---|"]
    for severity in Severity:
        links = [f"[`{r.name}`](#{r.name})" for r in rules if r.severity is severity]
        lines.append(f"| {severity.value} | {', '.join(links)} |")
    for rule in sorted(rules, key=lambda each: each.name):
        lines += ["", *_section(rule)]
    return "\n".join(lines) + "\n"


def _section(rule: Rule) -> Iterator[str]:
    summary = rule.summary[0].upper() + rule.summary[1:]
    yield from (f"### {rule.name}", "", f"`{rule.severity.value}`: {summary}.", "")
    yield from (f"What Flume does: {rule.flume}", "", f"Why it hurts: {rule.harm}", "")
    yield from ("```diff", *_difference(rule), "```")


def _difference(rule: Rule) -> list[str]:
    """The lines of the wrong example that the right one has otherwise, and one around them."""
    wrong, right = rule.wrong.splitlines(), rule.right.splitlines()
    lines = list(difflib.unified_diff(wrong, right, lineterm="", n=1))[2:]
    return [" …" if line.startswith("@@") else line.replace("\ufeff", "<BOM>") for line in lines][
        1:
    ]


def picture() -> str:
    """What flumelint prints for the sample, as an SVG."""
    sample = SAMPLE.lstrip()
    text = as_text(check(sample, path="web.conf", options=Options()), ["web.conf"])
    lines = ["$ flumelint web.conf", *text.splitlines()]
    width = int(max(map(len, lines)) * CHARACTER) + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    rows = [
        f'<text x="{MARGIN}" y="{MARGIN + (number + 1) * LINE - 5}">{_spans(line)}</text>'
        for number, line in enumerate(lines)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" aria-label="flumelint web.conf">',
            f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
            '<g font-family="ui-monospace,Menlo,Consolas,monospace" font-size="13" fill="#e6edf3" '
            "style='white-space:pre'>",
            *rows,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _spans(line: str) -> str:
    """A line with its colours; a picture keeps only spaces that do not break."""
    return "".join(
        f'<tspan style="fill:{FILLS[code]}">{_kept(piece)}</tspan>' if code else _kept(piece)
        for piece, code in parts(line)
    )


def _kept(piece: str) -> str:
    return escape(piece).replace(" ", "\N{NO-BREAK SPACE}")


def pages() -> dict[Path, str]:
    """What the files are to contain."""
    top, marker, _ = PAGE.read_text(encoding="utf-8").partition(MARKER)
    if not marker:
        raise ValueError(f"{PAGE} has no line {MARKER}; put it before the rules")
    return {PAGE: f"{top}{MARKER}\n{rules_page()}", PICTURE: picture()}


if __name__ == "__main__":
    for file, text in pages().items():
        file.write_text(text, encoding="utf-8")
        print(f"wrote {file.relative_to(ROOT)}")
