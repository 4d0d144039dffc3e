"""Makes the confs of "find the mistake" from flumelint's examples.

    python -m tools.learn.mistakes

Each rule whose mistake loses data or leaves a part idle becomes one conf. Numbers stay: a new rule
is added at the end of the list in exercises/20-find-the-mistake/family.toml.
"""

from pathlib import Path

from flumelab.learn import mistakes
from flumelint import Rule, Severity, all_rules

ROOT = Path(__file__).parents[2]
WORST = (Severity.LOSES_DATA, Severity.IDLE)
EMPTY = "no-agent"  # a conf in which nothing is left to correct


def usable() -> list[Rule]:
    """The rules with an example of one file that needs no folder."""
    return [
        rule
        for rule in all_rules().values()
        if rule.severity in WORST and not (rule.check_files or rule.files or rule.name == EMPTY)
    ]


def main() -> None:
    """Write the list, the starters and the solutions."""
    family = ROOT / mistakes.FOLDER
    known = mistakes.rules(family)
    names = [*known, *(rule.name for rule in usable() if rule.name not in known)]
    listed = "".join(f'    "{name}",\n' for name in names)
    head = "# The rules in the order of their numbers; a new one comes last.\n"
    (family / mistakes.LIST).write_text(f"{head}rules = [\n{listed}]\n", "utf-8")
    for number, name in enumerate(names, 1):
        rule = all_rules()[name]
        file = mistakes.file_name(number)
        (family / "starter" / file).write_text(rule.wrong, "utf-8")
        (ROOT / "solutions" / family.name / file).write_text(rule.right, "utf-8")


if __name__ == "__main__":
    main()
