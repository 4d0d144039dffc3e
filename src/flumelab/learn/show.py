"""What `flumelab learn` prints, in 80 columns."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap

from rich.text import Text

from flumelab import as_typed, terminal_output
from flumelab.learn.exercise import Exercise, Kind
from flumelab.learn.progress import Progress
from flumelab.learn.verdict import Result, Verdict
from flumelab.learn.verify import Proof

STYLES = {Result.RIGHT: "bold green", Result.WRONG: "bold red", Result.UNKNOWN: "bold yellow"}
TEXT_COLUMNS = 78
SHOWN_SECONDS_MIN = 0.1


def out(*parts: Text | str) -> None:
    """Print parts one below the other."""
    for part in parts:
        shown = as_typed.text(part) if isinstance(part, str) else _typed(part)
        terminal_output.console().print(shown, soft_wrap=False, markup=False)


def _typed(part: Text) -> Text:
    """A text without styles of its own, in which a command may be named."""
    return part if part.spans else Text(as_typed.text(part.plain), part.style)


def listed(exercises: list[Exercise], progress: Progress) -> list[Text]:
    """A line for each exercise: whether it is done, its name, its title."""
    current = progress.current([each.name for each in exercises])
    lines = []
    for each in exercises:
        done = each.name in progress.done
        mark = (
            Text("done ", "green") if done else Text("  ▸  " if each.name == current else "     ")
        )
        name = each.name if each.kind is Kind.FIND else each.folder.name
        lines.append(Text.assemble(mark, (f"{name:<28} ", "bold"), each.title))
    return lines


def verdict(given: Verdict, exercise: Exercise, root: Path) -> list[Text]:
    """The result, the message, and what it was checked with."""
    head = Text.assemble((given.result.value.upper(), STYLES[given.result]), f"  {exercise.title}")
    lines = [head]
    if given.message:
        lines += [Text(line) for text in given.message.splitlines() for line in wrapped(text)]
    if given.result is Result.WRONG:
        lines.append(Text(f"Your file: {as_typed.path(exercise.file, root)}"))
    if given.result is Result.UNKNOWN:
        lines.append(Text("This does not count against you."))
    if given.lines:
        lines.append(
            Text(f"{given.lines:,} lines, seed {given.seed}, {given.seconds:.1f} s", "dim")
        )
    return lines


def following(exercise: Exercise | None, root: Path) -> list[Text]:
    """The exercise that the learner is at now."""
    if exercise is None:
        return [Text("All exercises are done; flumelab learn check --all checks them once more.")]
    return [
        Text.assemble("You are now at ", (exercise.title, "bold")),
        *map(Text, wrapped(exercise.aim)),
        Text(f"Read {as_typed.path(exercise.folder / 'README.md', root)}"),
        Text(f"Edit {as_typed.path(exercise.file, root)}"),
    ]


def one_line(given: Verdict, exercise: Exercise) -> Text:
    """The result of one of many."""
    return Text.assemble((f"{given.result.value:<16}", STYLES[given.result]), exercise.title)


def proof(given: Proof, root: Path) -> Text:
    """A line of `flumelab learn verify`."""
    mark = Text("ok  ", "green") if given.holds else Text("BAD ", "bold red")
    verdict = given.verdict
    found = f"{verdict.result.value} {verdict.cause}".strip()
    text = f"{as_typed.path(given.file, root)}: {found} ({verdict.seconds:.1f} s)"
    if given.holds:
        return Text.assemble(mark, text)
    wanted = f"{given.wanted.value} {given.cause}".strip()
    return Text.assemble(
        mark, text, f"\n    wanted: {wanted}; seed {verdict.seed}\n", verdict.message
    )


def times(by_exercise: Mapping[str, tuple[float, float]]) -> list[Text]:
    """How long a verdict took; those that need no run are left out."""
    return [
        Text(f"{name:<28} p50 {middle:>5.1f} s   p90 {late:>5.1f} s", "dim")
        for name, (middle, late) in by_exercise.items()
        if late >= SHOWN_SECONDS_MIN
    ]


def wrapped(text: str) -> list[str]:
    """Break a line of prose; a line with columns or a path stays as it is."""
    text = as_typed.text(text)
    if len(text) <= TEXT_COLUMNS or text.startswith("  "):
        return [text]
    return wrap(text, TEXT_COLUMNS, break_long_words=False, break_on_hyphens=False)
