"""`flumelab learn`: shows the current exercise, and checks its file each time that it is saved.

The file is looked at several times a second. That costs nothing, and it also works where no system
tells of changes: on network drives, in containers, and on Windows drives under WSL.
"""

import sys
import termios
import time
from collections.abc import Callable, Iterable
from hashlib import sha256

from rich.text import Text

from flumelab import as_typed
from flumelab.learn import show
from flumelab.learn.exercise import Exercise
from flumelab.learn.session import Session
from flumelab.learn.verdict import Result
from flumelab.top.keyboard import Keyboard

KEYS = "n next   h hint   c check all   l list   r run again   q quit"
Show = Callable[[Iterable[Text | str]], None]


class Watching:
    """The state of the watch; `key` and `look` do what happens next.

    :param show: prints lines
    """

    def __init__(self, session: Session, show: Show) -> None:
        self._session = session
        self._show = show
        self._hints = 0
        self._seen = b""
        self.exercise = session.current()

    def begin(self) -> None:
        """Show the exercise; it is not checked before its file is saved."""
        if self.exercise is None:
            self._show([Text("All exercises are done.", "bold green"), "c checks all once more."])
            return
        session, exercise = self._session, self.exercise
        self._hints = 0
        self._seen = self._now()
        done = len([name for name in session.names if name in session.progress().done])
        page = exercise.folder / "README.md"
        lines: list[Text | str] = [
            Text.assemble((exercise.title, "bold"), f"   {done} of {len(session.names)} done"),
            exercise.aim,
            f"Read:  {as_typed.path(page, session.checks.root)}",
            f"Edit:  {as_typed.path(exercise.file, session.checks.root)}",
            "It is checked each time that you save it.",
        ]
        self._show([line for text in lines for line in _fitted(text)])

    def look(self) -> bool:
        """Check the file if it has changed since the last look; return whether it had."""
        if self.exercise is None or self._now() == self._seen:
            return False
        self._check(self.exercise)
        return True

    def key(self, key: str) -> bool:
        """Do what a key stands for; return False for the end."""
        match key:
            case "q":
                return False
            case "n":
                self.exercise = self._session.go_on(self.exercise)
                self.begin()
            case "h" if self.exercise:
                self._hint(self.exercise)
            case "c":
                self._check_all()
            case "l":
                self._show(show.listed(self._session.exercises, self._session.progress()))
            case "r" if self.exercise:
                self._check(self.exercise)
        return True

    def _check(self, exercise: Exercise) -> None:
        self._seen = self._now()
        self._show([Text("Checking … please wait (Ctrl-C ends)", "dim")])
        with self._session.checked(exercise) as verdict:
            self._show(show.verdict(verdict, exercise, self._session.checks.root))
        if verdict.result is not Result.RIGHT:
            return
        if self._session.progress().current(self._session.names) is None:
            self._show([Text("That was the last one. All are checked once more.", "bold")])
            self._check_all()
        else:
            self._show(["n goes to the next one."])

    def _check_all(self) -> None:
        """Check all; what is not right any more is to do again."""
        wrong = []
        for exercise in self._session.exercises:
            with self._session.checked(exercise) as verdict:
                self._show([show.one_line(verdict, exercise)])
            if verdict.result is not Result.RIGHT:
                wrong.append(exercise)
        self.exercise = wrong[0] if wrong else None
        if wrong:
            self._show([f"{len(wrong)} of {len(self._session.exercises)} are not right yet."])
        self.begin()

    def _hint(self, exercise: Exercise) -> None:
        """Show one more hint each time."""
        self._hints = min(self._hints + 1, len(exercise.hints))
        text = f"Hint {self._hints} of {len(exercise.hints)}: {exercise.hints[self._hints - 1]}"
        self._show(show.wrapped(text))

    def _now(self) -> bytes:
        """What the file holds; a file that is just being saved may be missing for a moment."""
        assert self.exercise
        try:
            return sha256(self.exercise.file.read_bytes()).digest()
        except OSError:
            return self._seen


def run(session: Session, seconds: float) -> None:
    """Watch until q, or until the end of the input; `seconds` are between two looks."""
    watching = Watching(session, lambda lines: show.out(*lines))
    watching.begin()
    try:
        if sys.stdin.isatty() and sys.stdout.isatty():
            _with_keys(watching, seconds)
        else:
            while watching.exercise:
                watching.look()
                time.sleep(seconds)
    except KeyboardInterrupt:
        pass


def _with_keys(watching: Watching, seconds: float) -> None:
    keys = Text(KEYS, "reverse")
    show.out(keys)
    with Keyboard() as keyboard:
        while True:
            key = keyboard.read(seconds)
            if key and not watching.key(key):
                return
            if key or watching.look():
                # What was typed during a check was not meant for what is shown now.
                termios.tcflush(sys.stdin, termios.TCIFLUSH)
                show.out(keys)


def _fitted(text: Text | str) -> list[Text | str]:
    return [text] if isinstance(text, Text) else list(show.wrapped(text))
