"""The progress of a learner: the names of the exercises that are done, and the current one.

The file has names only, one a line, so that exercises can be renumbered:

    # flumelab learn keeps this file.
    name Ada
    now map-and-reduce
    done first-conf

The first name is the learner's own, for the page of a class, if the learner has chosen one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

HEAD = "# flumelab learn keeps this file."
NAME_CHARACTERS_MAX = 24


@dataclass(frozen=True)
class Progress:
    """What is done, in the order in which it was done, and where the learner is."""

    done: tuple[str, ...] = ()
    now: str = ""
    name: str = ""

    def with_done(self, name: str) -> "Progress":
        """Return the progress with one more exercise."""
        return self if name in self.done else replace(self, done=(*self.done, name))

    def without(self, name: str) -> "Progress":
        """Return the progress without an exercise that is not right any more."""
        return replace(self, done=tuple(each for each in self.done if each != name))

    def current(self, names: Sequence[str]) -> str | None:
        """The exercise to show: the one the learner is at, or else the first that is not done."""
        if self.now in names and self.now not in self.done:
            return self.now
        return next((name for name in names if name not in self.done), None)

    def after(self, name: str, names: Sequence[str]) -> str | None:
        """The next exercise that is not done, after this one or from the start."""
        place = names.index(name) + 1
        ordered = [*names[place:], *names[:place]]
        return next((each for each in ordered if each not in self.done), None)


def read(file: Path) -> Progress:
    """Read the file; a line that is not understood is left out."""
    try:
        return parse(file.read_text("utf-8", "replace"))
    except FileNotFoundError:
        return Progress()


def parse(text: str) -> Progress:
    """Read the text of the file."""
    done: list[str] = []
    now = name = ""
    for line in text.splitlines():
        what, _, value = line.strip().partition(" ")
        if what == "done" and value and value not in done:
            done.append(value)
        elif what == "now":
            now = value
        elif what == "name":
            name = shown_name(value)
    return Progress(tuple(done), now, name)


def shown_name(text: str) -> str:
    """Return a learner's name in one short line, without what cannot be printed."""
    line = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(line.split())[:NAME_CHARACTERS_MAX]


def write(file: Path, progress: Progress) -> None:
    """Replace the file at once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    named = [f"name {progress.name}"] if progress.name else []
    lines = [HEAD, *named, f"now {progress.now}", *(f"done {name}" for name in progress.done)]
    new = file.with_suffix(".new")
    new.write_text("\n".join(lines) + "\n", "utf-8")
    new.replace(file)
