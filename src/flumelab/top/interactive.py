"""The screen of `flumelab top` on a terminal, and its keys."""

import signal
import sys
from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from flumelab.errors import LabError
from flumelab.runtimes.runtime import Runtime
from flumelab.settings import Settings
from flumelab.top.actions import FOREIGN, Actions
from flumelab.top.keyboard import Keyboard
from flumelab.top.rows import Row, Rows, State
from flumelab.top.screen import HELP, screen

COLUMNS_MIN = 80
KEY_SECONDS = 0.1


def run(
    runtime: Runtime,
    settings: Settings,
    state: State,
    next_state: Callable[[float], State | None],
) -> None:
    """Draw each new state until the key q; raises `LabError` if the terminal is too narrow."""
    console = Console(highlight=False)
    if console.width < COLUMNS_MIN:
        raise LabError(
            f"the terminal has {console.width} columns; flumelab top needs {COLUMNS_MIN}; "
            "widen it, or use --once"
        )
    # The terminal must be restored then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    top = Top(runtime, Actions(runtime.name, settings), state, lambda: console.height)
    try:
        with Keyboard() as keyboard, Live(console=console, screen=True, auto_refresh=False) as live:
            while not top.ended:
                live.update(top.drawn(), refresh=True)
                top.press(keyboard.read(KEY_SECONDS))
                following = next_state(KEY_SECONDS)
                if following:
                    top.show(following)
    except KeyboardInterrupt:
        pass
    finally:
        top.close()


class Top:
    """What is shown: the rows, a log or the help; and what each key does."""

    def __init__(
        self, runtime: Runtime, actions: Actions, state: State, height: Callable[[], int]
    ) -> None:
        self.ended = False
        self._runtime = runtime
        self._actions = actions
        self._height = height
        self._known = Rows()
        self._chosen = 0
        self._text = ""  # shown instead of the rows, until a key
        self._to_kill = ""  # a part, while the question is open
        self._keys: dict[str, Callable[[], None]] = {
            "q": self._quit,
            "up": lambda: self._move(-1),
            "down": lambda: self._move(1),
            "f": lambda: actions.feed(self._state),
            "k": self._ask_to_kill,
            "u": lambda: actions.up(self._state),
            "l": self._show_log,
            "w": actions.open_page,
            "?": self._show_help,
        }
        self.show(state)

    def show(self, state: State) -> None:
        """Take a new state."""
        self._state = state
        self._rows: list[Row] = self._known.of(state)
        self._chosen = max(0, min(self._chosen, len(self._rows) - 1))

    def press(self, key: str) -> None:
        """Do what a key does; "" is no key."""
        if not key:
            return
        if self._text:
            self._text = ""
        elif self._to_kill:
            part, self._to_kill = self._to_kill, ""
            self._actions.message = "" if key == "y" else "not killed"
            if key == "y":
                self._actions.kill(self._state, part)
        elif key in self._keys:
            self._keys[key]()
        else:
            self._actions.message = "this key does nothing; ? shows the keys"

    def drawn(self) -> RenderableType:
        """Return the screen."""
        if self._text:
            return Text(self._text, no_wrap=True, overflow="ellipsis")
        return screen(self._state, self._rows, self._chosen, self._actions.message)

    def close(self) -> None:
        """End what the keys have started for the time that top runs."""
        self._actions.close()

    @property
    def _part(self) -> str:
        return self._rows[self._chosen].part if self._rows else ""

    def _quit(self) -> None:
        self.ended = True

    def _move(self, rows: int) -> None:
        self._chosen = max(0, min(self._chosen + rows, len(self._rows) - 1))

    def _ask_to_kill(self) -> None:
        if not self._state["lab"]["standing"]:
            self._actions.message = FOREIGN
        elif not self._part:
            self._actions.message = "this row is a folder; choose one of a process"
        else:
            self._to_kill = self._part
            self._actions.message = f"kill {self._part}, as a crash would? y or n"

    def _show_help(self) -> None:
        self._text = HELP

    def _show_log(self) -> None:
        if not self._part:
            self._actions.message = "this row is a folder; choose one of a process"
            return
        try:
            log = self._runtime.log_tail(self._part, self._height() - 2)
        except LabError as error:
            self._actions.message = str(error)
            return
        self._text = f"the end of {self._part}'s log; any key goes back\n\n{log}" if log else ""
        self._actions.message = "" if log else f"{self._part} has logged nothing"
