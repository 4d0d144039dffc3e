"""Makes the table of experiments in docs/how-to/experiments.md from their files.

python -m flumelab.experiments.page_table
"""

from pathlib import Path

from flumelab import conf_check, settings
from flumelab.experiments import experiment as files
from flumelab.experiments import theory
from flumelab.experiments.experiment import Experiment
from flumelab.experiments.theory import Theory
from flumelab.lessons.catalogue import Input
from flumelab.own import conf as confs

PAGE = "docs/how-to/experiments.md"
BEGIN = "<!-- the table: python -m flumelab.experiments.page_table -->"
END = "<!-- end of the table -->"


def theory_of(experiment: Experiment, root: Path) -> Theory:
    """Work out the theory of an experiment from its files alone."""
    base = confs.read(files.conf_of(experiment, root), conf_check.LAB_AGENT)
    return theory.of(experiment, base.with_settings(experiment.changes))


def table(root: Path) -> str:
    """Return the rows, with the theory of each."""
    rows = [
        "| experiment | what happens | channel, receiver | lost | twice |",
        "|---|---|---|---|---|",
    ]
    for each in files.all_of(root).values():
        what = "; ".join(fault.told for fault in each.faults)
        found = theory_of(each, root)
        rows.append(
            f"| [`{each.name}`](../../experiments/{each.name}.toml) | {what} | "
            f"{_channel(each, root)} | {found.lost} | {found.twice} |"
        )
    return "\n".join(rows)


def with_table(text: str, rows: str) -> str:
    """Replace the table in a page."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE} has no place for the table; write {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{rows}\n\n{END}{after}"


def _channel(experiment: Experiment, root: Path) -> str:
    conf = confs.read(files.conf_of(experiment, root), conf_check.LAB_AGENT)
    [channel] = conf.channels.values()
    receiver = "landing log" if experiment.reads is Input.LANDING else "in Spark"
    return f"{theory.channel_word(channel)}, {receiver}"


def main() -> None:
    """Write the table."""
    root = settings.load().root
    page = root / PAGE
    page.write_text(with_table(page.read_text("utf-8"), table(root)), "utf-8")


if __name__ == "__main__":
    main()
