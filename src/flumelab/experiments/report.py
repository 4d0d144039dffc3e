"""What the commands print: a table of experiments, a result, the results of all."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flumelab.experiments.experiment import Experiment
from flumelab.experiments.result import Result
from flumelab.experiments.theory import Bound
from flumelab.experiments.truth import told
from flumelab.experiments.verdict import Verdict
from flumelab.terminal_output import count_table

STYLES = {Verdict.true: "bold green", Verdict.false: "bold red", Verdict.unknown: "bold yellow"}


def experiments(known: Iterable[Experiment]) -> RenderableType:
    """A row for each: its name, and what happens."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for each in known:
        table.add_row(Text(each.name, "bold"), "; ".join(str(fault) for fault in each.faults))
    return table


def question(experiment: Experiment) -> RenderableType:
    """The question, the conf and the faults: what a learner needs for a prediction."""
    lines = [
        Text(f"{experiment.name}", "bold"),
        Text(experiment.question),
        Text(f"conf: {experiment.conf}", "dim"),
        *(Text(f"      {key} = {value}", "dim") for key, value in experiment.changes.items()),
        *(Text(f"fault: {fault} at {fault.at}", "dim") for fault in experiment.faults),
    ]
    return Group(*lines)


def result(found: Result) -> RenderableType:
    """Prediction, theory and measurement side by side; the ledger; the verdict."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("")
    for name in ("predicted", "theory", "measured"):
        table.add_column(name, justify="right", min_width=14)
    predicted, theory, measured = found.prediction, found.theory, found.measured
    for name in ("lost", "twice"):
        table.add_row(
            {"lost": "lines lost", "twice": "lines counted twice"}[name],
            _range(getattr(predicted, name) if predicted else None),
            str(getattr(theory, name)) if theory else "-",
            f"{getattr(measured, name):,}" if measured else "-",
        )
    parts: list[RenderableType] = [table]
    for name, ranges in (("lost", found.lost), ("twice", found.twice)):
        if ranges and measured:
            parts.append(Text(f"{name}: lines {told(ranges)}", "dim"))
    hops = count_table("hop", "lines")
    for hop, lines in found.hops.items():
        hops.add_row(hop, f"{lines:,}")
    parts += [Text(""), hops, Text("")] if found.hops else []
    parts += [Text(reason) for reason in (theory.reasons if theory else ())]
    if predicted and measured:
        right = predicted.is_right(measured)
        parts.append(
            Text("Your prediction was right.", "green")
            if right
            else Text("Your prediction was another one; the picture shows why.", "yellow")
        )
    verdict = f"THEORY {str(found.verdict).upper()}: {found.why}"
    parts += [Text(verdict, STYLES[found.verdict])]
    if found.verdict is Verdict.true:
        parts.append(Text(found.experiment.explains))
    parts.append(
        Text(f"{found.seconds:.0f} s; {found.folder}/picture.html", "dim", overflow="fold")
    )
    return Group(*parts)


def results(all_found: Iterable[Result]) -> RenderableType:
    """A row for each run of --all."""
    table = count_table("experiment", "seed", "lost", "twice", "verdict")
    for each in all_found:
        measured = each.measured
        table.add_row(
            each.experiment.name,
            str(each.experiment.load.seed),
            f"{measured.lost:,}" if measured else "-",
            f"{measured.twice:,}" if measured else "-",
            Text(str(each.verdict), STYLES[each.verdict]),
        )
    return table


def _range(bound: Bound | None) -> str:
    if bound is None:
        return "-"
    return f"{bound.least:,}" if bound.least == bound.most else f"{bound.least:,}-{bound.most:,}"
