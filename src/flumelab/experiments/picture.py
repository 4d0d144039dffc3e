"""The page about one run: question, numbers, the picture, the ledger. One file; no script."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from flumelab.experiments import drawing, steps
from flumelab.experiments.drawing import Gap
from flumelab.experiments.evidence import Entry
from flumelab.experiments.result import Result
from flumelab.experiments.steps import Step
from flumelab.experiments.truth import told

STRIP_WIDTH, STRIP_HEIGHT = 900, 16
LEGEND = [
    ("data", "lines on their way: number of the batch, and which lines"),
    ("ok", "an OK, or stored in the result store"),
    ("lost", "lost on the way"),
    ("again", "the twin: the same lines once more"),
]


def page(result: Result, entries: Sequence[Entry]) -> str:
    """Return the HTML of a run, from what was seen in it."""
    experiment = result.experiment
    found = steps.of(entries, experiment, result.lost)
    shown = drawing.shortened(found)
    lanes = steps.lanes_of(experiment)
    label = (
        f"Space-time diagram of {experiment.name}: {', '.join(lanes)}; the steps are listed below"
    )
    style = files("flumelab.experiments").joinpath("picture.css").read_text("utf-8")
    body = [
        *_head(result), "<h2>What happened</h2>", *_explanation(found, shown), _legend(),
        '<div class="scroll" tabindex="0" role="region" aria-label="The picture">',
        drawing.svg(shown, lanes, label), "</div>", *_list(found),
        "<h2>The ledger by hop</h2>", _ledger(result.hops), *_ledger_note(result),
        *_strip(result), *_why(result),
    ]  # fmt: skip
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>{escape(experiment.name)}</title><style>\n{style}</style></head>\n"
        f"<body><main>\n{chr(10).join(body)}\n</main></body></html>\n"
    )


def _head(result: Result) -> Iterator[str]:
    experiment, load = result.experiment, result.experiment.load
    yield f"<h1>{escape(experiment.name)}</h1><p>{escape(experiment.question)}</p>"
    changes = "".join(f"<br><code>{escape(k)} = {escape(v)}</code>"
                      for k, v in experiment.changes.items())  # fmt: skip
    faults = "; ".join(f"{fault} at {fault.at}" for fault in experiment.faults)
    yield (
        f'<p class="soft">{load.lines:,} lines, {load.rate:,} a second, seed {load.seed}. '
        f"Fault: {escape(faults)}.<br><code>{escape(experiment.conf)}</code>, "
        f"<code>experiments/programs/{escape(experiment.program)}.py</code>{changes}</p>"
    )
    yield _numbers(result)
    yield (
        f'<p><span class="verdict {result.verdict}">theory {result.verdict}</span> '
        f"{escape(result.why)}</p>"
    )


def _numbers(result: Result) -> str:
    rows = []
    for name, words in (("lost", "lines lost"), ("twice", "lines counted twice")):
        cells = [
            str(getattr(result.prediction, name)) if result.prediction else "not given",
            str(getattr(result.theory, name)) if result.theory else "not given",
            f"{getattr(result.measured, name):,}" if result.measured else "not given",
        ]
        numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
        rows.append(f'<tr><th scope="row">{words}</th>{numbers}</tr>')
    head = "".join(f'<th scope="col" class="number">{word}</th>'
                   for word in ("your prediction", "theory", "measured"))  # fmt: skip
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _explanation(found: Sequence[Step], shown: Sequence[Step | Gap]) -> Iterator[str]:
    yield (
        "<p>Time goes down, a row for each step: not each second. An arrow is a batch on its way "
        "from one part to the next. The shaded rows are those of the fault. Point at an arrow to "
        "see its lines.</p>"
    )
    if left_out := sum(step.steps for step in shown if isinstance(step, Gap)):
        yield (
            f"<p><strong>Cut off:</strong> {len(found):,} steps happened. {left_out:,} of them, "
            "away from any fault, are left out of the picture, each time where it says so.</p>"
        )
    if not found:
        yield "<p>Nothing was seen: the lab did not get as far as the first line.</p>"


def _legend() -> str:
    items = "".join(
        f'<li><svg width="46" height="12" aria-hidden="true"><g class="{style}">'
        f'<path class="shaft" d="M2 6L34 6"/><path class="head" d="M44 6L34 1L34 11z"/></g></svg>'
        f"{escape(words)}</li>"
        for style, words in LEGEND
    )
    cross = '<path class="cross" d="M4 2L12 10M12 2L4 10"/>'
    line = '<line class="lane dead" x1="8" y1="0" x2="8" y2="16"/>'
    items += f'<li><svg width="16" height="12" aria-hidden="true">{cross}</svg>it ends here</li>'
    items += f'<li><svg width="16" height="16" aria-hidden="true">{line}</svg>not running</li>'
    return f'<ul class="legend">{items}</ul>'


def _list(found: Sequence[Step]) -> Iterator[str]:
    yield f"<details><summary>All {len(found):,} steps as text</summary><ol>"
    for step in found:
        yield f"<li>{step.t:.2f} s: {escape(step.title)}</li>"
    yield "</ol></details>"


def _ledger(hops: Mapping[str, Any]) -> str:
    rows, before = [], None
    for hop, lines in hops.items():
        change = "" if before is None or lines == before else f"{lines - before:+,}"
        rows.append(
            f'<tr><th scope="row">{escape(hop)}</th><td class="number">{lines:,}</td>'
            f'<td class="number">{change}</td></tr>'
        )
        before = lines
    head = (
        '<th scope="col">hop</th><th scope="col" class="number">lines</th>'
        '<th scope="col" class="number">change</th>'
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _ledger_note(result: Result) -> Iterator[str]:
    if result.experiment.does("kill", "flume"):
        yield (
            '<p class="soft">An agent that is killed takes the last moment of its counters along, '
            "so fewer lines may seem to have been put into the channel.</p>"
        )


def _strip(result: Result) -> Iterator[str]:
    """The load from its first to its last line, with what was lost and what came twice."""
    if not result.measured:
        return
    lines = max(result.experiment.load.lines, 1)
    marks = ""
    for style, name, ranges in (("lost", "lost", result.lost), ("again", "twice", result.twice)):
        for first, last in ranges:
            x, width = (first - 1) * STRIP_WIDTH / lines, (last - first + 1) * STRIP_WIDTH / lines
            marks += (
                f'<rect class="strip-{style}" x="{x:.1f}" y="0" width="{max(width, 1):.1f}" '
                f'height="{STRIP_HEIGHT}"><title>{name}: lines {first:,} to {last:,}</title></rect>'
            )
    lost = f"lost: lines {told(result.lost)}" if result.lost else "no line is lost"
    twice = f"twice: lines {told(result.twice)}" if result.twice else "no line was counted twice"
    yield f"<p>All lines of the load, from 1 to {lines:,}: {lost}; {twice}.</p>"
    yield (
        f'<svg viewBox="0 0 {STRIP_WIDTH} {STRIP_HEIGHT}" width="100%" height="{STRIP_HEIGHT}" '
        f'preserveAspectRatio="none" role="img" aria-label="{escape(f"{lost}; {twice}")}">'
        f'<rect class="strip" width="{STRIP_WIDTH}" height="{STRIP_HEIGHT}"/>{marks}</svg>'
    )


def _why(result: Result) -> Iterator[str]:
    yield "<h2>Why</h2>"
    yield f"<p>{escape(result.experiment.explains)}</p><ul>"
    for reason in result.theory.reasons if result.theory else ():
        yield f"<li>{escape(reason)}</li>"
    yield "</ul>"
