"""What the page does with --control: it runs the lab's own commands, and shows each of them."""

import asyncio
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from flumelab.page.control import ActionRefused, Control
from flumelab.page.offered import Action
from flumelab.page.state import DEAD, DOWN

ANSWER_SECONDS = 20.0
"""A command that takes longer goes on, and the page answers that it has started."""
COMMANDS_MAX = 4
LINES_MAX, RATE_MAX, SEED_MAX = 10_000_000, 1_000_000, 2**31 - 1
FEED_ANSWER_SECONDS = 1.0
OUTPUT_CHARACTERS = 400


class LabControl(Control):
    """Feeds, kills, starts, cuts and mends the lab of one runtime."""

    enabled = True

    def __init__(self, runtime: str, token: str | None = None) -> None:
        super().__init__(token)
        self._runtime = runtime
        self._running: set[asyncio.subprocess.Process] = set()

    def describe(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the actions that the page offers in this state."""
        actions = [asdict(each) for each in self._actions(state)]
        return {"enabled": True, "actions": actions, "why": _why_not(state)}

    async def do(self, asked: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        """Run the command of an action."""
        if why := _why_not(state):
            raise ActionRefused(why)
        if asked.get("action") == "feed":
            return await self._run(_feed(asked, state), FEED_ANSWER_SECONDS)
        for action in self._actions(state):
            if (action.id, action.part) == (asked.get("action"), asked.get("part")):
                if not action.possible:
                    raise ActionRefused(action.why)
                return await self._run(shlex.split(action.command)[1:], ANSWER_SECONDS)
        raise ActionRefused("there is no such action now; reload the page")

    def _actions(self, state: Mapping[str, Any]) -> list[Action]:
        if not state["lab"]["standing"]:
            return []
        parts = {part["name"]: part["state"] for part in state["parts"]}
        return [*self._of_parts(state, parts), *self._of_link(state, parts)]

    def _of_parts(self, state: Mapping[str, Any], parts: Mapping[str, str]) -> list[Action]:
        shown = dict.fromkeys([*(hop["part"] for hop in state["hops"] if hop["part"]), *parts])
        found = []
        for name in shown:
            alive = parts.get(name, DOWN) not in (DEAD, DOWN)
            if alive:
                found.append(Action("kill", name, f"Kill {name}", f"flumelab kill {name}"))
            elif name in parts:
                found.append(Action("start", name, f"Start {name}", f"flumelab start {name}"))
        if not parts:  # a click does not start a build, which would take minutes
            up = f"flumelab up --lesson {state['lab']['lesson']} --link --no-build"
            found.append(Action("start", "", "Start the lab", up))
        return found

    def _of_link(self, state: Mapping[str, Any], parts: Mapping[str, str]) -> list[Action]:
        if not parts:
            return []
        cut = any(link["cut"] for link in state["links"])
        has_link = self._runtime == "docker" or "link" in parts
        why = "" if has_link else "started without a link: flumelab down, flumelab up --link"
        docker = self._runtime == "docker"
        return [
            Action("cut", "", "Cut the connection", "flumelab cut", has_link and not cut, why),
            Action("mend", "", "Mend the connection", "flumelab mend", cut or docker, why),
        ]

    async def _run(self, arguments: Sequence[str], seconds: float) -> dict[str, Any]:
        if len(self._running) >= COMMANDS_MAX:
            raise ActionRefused(f"{COMMANDS_MAX} commands are running; wait for one to end")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "flumelab", *arguments, "--runtime", self._runtime),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=os.environ | {"COLUMNS": "80"},
            start_new_session=True,  # Ctrl-C ends the page, not a lab that is starting
        )
        command = shlex.join(["flumelab", *arguments])
        self._running.add(process)
        reading = asyncio.ensure_future(self._output_of(process))
        done, _ = await asyncio.wait({reading}, timeout=seconds)
        if not done:
            return {"command": command, "says": f"started: {command}"}
        output = reading.result()
        if process.returncode:
            raise ActionRefused(output or f"{command} ended with {process.returncode}")
        return {"command": command, "says": output or f"done: {command}"}

    async def _output_of(self, process: asyncio.subprocess.Process) -> str:
        try:
            output, _ = await process.communicate()
        finally:
            self._running.discard(process)
        return output.decode(errors="replace").strip()[-OUTPUT_CHARACTERS:]


def _why_not(state: Mapping[str, Any]) -> str:
    """Say why the page only shows this lab; empty if it can act."""
    if state["lab"]["standing"]:
        return ""
    if not state["lab"]["lesson"]:
        return "The page only shows a program of your own; flumelab feed --replay FILE feeds it."
    return "This lab belongs to a flumelab run; the page only shows it."


def _feed(asked: Mapping[str, Any], state: Mapping[str, Any]) -> list[str]:
    if not state["parts"]:
        raise ActionRefused("the lab is down; start it first")
    limits = {"lines": (1, LINES_MAX), "rate": (0, RATE_MAX), "seed": (0, SEED_MAX)}
    arguments = ["feed"]
    for name, (least, most) in limits.items():
        value = asked.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            shown = repr(value)[:40]
            raise ActionRefused(f"{name} is {shown}; give a whole number, {least} to {most:,}")
        arguments += [f"--{name}", str(value)]
    return arguments
