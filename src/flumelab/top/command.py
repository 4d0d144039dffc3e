"""`flumelab top`: on a terminal a screen with keys, else plain lines or JSON."""

import json
import os
import queue
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flumelab import settings, terminal_output
from flumelab.errors import LabError
from flumelab.page.remote import RemoteSampler
from flumelab.page.sampler import Sampler
from flumelab.runtimes.choice import RuntimeName, choose
from flumelab.runtimes.port_probe import answers
from flumelab.settings import LOOPBACK, Settings
from flumelab.top import interactive
from flumelab.top.rows import Row, Rows, State, plain
from flumelab.top.screen import screen

FIRST_SECONDS_MAX = 20.0
Next = Callable[[float], State | None]
"""Waits up to some seconds for the next state."""


def run(name: RuntimeName, once: bool, as_json: bool) -> int:
    """Show the lab until a key or a signal; return the exit code.

    With `once` it is 1 if the lab is down, or if a part is dead or stuck. Raises `LabError` if
    nothing can be sampled.
    """
    configured = settings.load()
    runtime = choose(name, configured)
    with _sampling(runtime.name, configured) as next_state:
        # A rate needs two samples; the page's server has taken them before.
        state = _first(next_state, 1 if runtime.name == "docker" else 2)
        if once:
            _print(state, Rows().of(state), as_json)
            return 0 if state["lab"]["state"] in ("running", "starting") else 1
        if as_json:
            _each(state, next_state, lambda state: print(json.dumps(state), flush=True))
        elif sys.stdout.isatty() and sys.stdin.isatty():
            interactive.run(runtime, configured, state, next_state)
        else:
            _each(state, next_state, _Changes().print)
    return 0


@contextmanager
def _sampling(runtime: str, configured: Settings) -> Iterator[Next]:
    found: queue.Queue[State] = queue.Queue()
    sampler: Sampler | RemoteSampler
    if runtime == "docker":
        if not answers(configured.page_port):
            raise LabError(
                f"port {configured.page_port} does not answer, where the lab's containers serve "
                "their numbers; flumelab up starts them"
            )
        sampler = RemoteSampler((LOOPBACK, configured.page_port), found.put)
    else:
        from flumelab.page.place import LocalPlaces

        sampler = Sampler(LocalPlaces(configured).find, found.put)

    def next_state(seconds: float) -> State | None:
        try:
            state = found.get(timeout=seconds)
            while not found.empty():  # a terminal that was stopped has missed some
                state = found.get_nowait()
        except queue.Empty:
            return None
        return state

    sampler.start()
    try:
        yield next_state
    finally:
        sampler.stop()


def _first(next_state: Next, samples: int) -> State:
    state = None
    deadline = time.monotonic() + FIRST_SECONDS_MAX
    while state is None or state["sample"] < samples:
        state = next_state(0.5) or state
        if time.monotonic() > deadline:
            raise LabError(f"no sample of the lab within {FIRST_SECONDS_MAX:.0f} s; try again")
    return state


def _print(state: State, rows: list[Row], as_json: bool) -> None:
    if as_json:
        json.dump(state, sys.stdout, indent=2)
        print()
    else:
        terminal_output.console().print(screen(state, rows))


def _each(state: State, next_state: Next, show: Callable[[State], None]) -> None:
    try:
        while True:
            show(state)
            following = None
            while following is None:
                following = next_state(1.0)
            state = following
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:  # the reader, such as head, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Changes:
    """Prints the rows that have changed since they were last printed."""

    def __init__(self) -> None:
        self._rows = Rows()
        self._printed: dict[str, str] = {}

    def print(self, state: State) -> None:
        clock = time.strftime("%H:%M:%S", time.localtime(state["time"]))
        for row in self._rows.of(state):
            text = plain(row, "")
            if self._printed.get(row.name) != text:
                self._printed[row.name] = text
                print(f"{clock}{text}", flush=True)
