"""Tests of one module that run two at a time, because each of them mostly waits for processes.

    @at_once
    def test_a_claim(folder: Path) -> None:
        ...

    @at_once_with(Agents)  # Agents(folder) is a context manager
    def test_another_claim(agents: Agents) -> None:
        ...

Such a test gets a folder of its own, and may name fixtures of modules and of the session. It shares
nothing else with others: what it starts, it ends. It begins with the module's first one, and its
outcome is reported in its place.
"""

import functools
import inspect
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

AT_A_TIME = 2

Scene = Callable[..., None]
Begun = dict[Scene, "Future[None]"]
"""The tests of a module that have begun; the fixture `begun` begins them."""


def at_once(scene: Scene) -> Callable[[Begun], None]:
    """Return a test that waits for the end of this one, which runs in a thread."""

    def test(begun: Begun) -> None:
        begun[scene].result()

    functools.update_wrapper(test, scene)
    del test.__wrapped__  # type: ignore[attr-defined] # pytest would take its arguments for fixtures
    test.__annotations__ = {}
    test.scene = scene  # type: ignore[attr-defined]
    return test


def at_once_with(
    make: Callable[[Path], AbstractContextManager[T]],
) -> Callable[[Scene], Callable[[Begun], None]]:
    """Let the test have what `make` makes in its folder."""

    def decorate(scene: Scene) -> Callable[[Begun], None]:
        @functools.wraps(scene)
        def in_folder(folder: Path, *fixtures: object) -> None:
            with make(folder) as given:
                scene(given, *fixtures)

        return at_once(in_folder)

    return decorate


def scenes_of(items: list[Any]) -> list[Scene]:
    """Return the tests among these that are to begin at once, in their order."""
    return [item.obj.scene for item in items if hasattr(getattr(item, "obj", None), "scene")]


def fixtures_of(scene: Scene) -> list[str]:
    """Return the names of the fixtures that a test wants besides its folder."""
    return list(inspect.signature(scene).parameters)[1:]
