"""The progress of a learner: the names of the exercises that are done, and the current one.

The file has names only, one a line, so that exercises can be renumbered:

    # flumelab learn keeps this file.
    now map-and-reduce
    done first-conf
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

HEAD = "# flumelab learn keeps this file."


@dataclass(frozen=True)
class Progress:
    """What is done, in the order in which it was done, and where the learner is."""

    done: tuple[str, ...] = ()
    now: str = ""

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
    done: list[str] = []
    now = ""
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return Progress()
    for line in lines:
        what, _, name = line.strip().partition(" ")
        if what == "done" and name and name not in done:
            done.append(name)
        elif what == "now":
            now = name
    return Progress(tuple(done), now)


def write(file: Path, progress: Progress) -> None:
    """Replace the file at once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [HEAD, f"now {progress.now}", *(f"done {name}" for name in progress.done)]
    new = file.with_suffix(".new")
    new.write_text("\n".join(lines) + "\n", "utf-8")
    new.replace(file)
