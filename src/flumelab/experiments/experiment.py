"""An experiment: one file in experiments/, in TOML.

question = "…"                       what a learner predicts, in a sentence or two
explains = "…"                       what they learn from the result
program = "line_counts"              a file in experiments/programs
conf = "access-log.conf"             in flume-conf or experiments/confs, changed by [set]
[set]
"lab.channels.buffer.capacity" = 5000
[load]
lines = 10000
rate = 2000                          lines a second
seed = 1
[[fault]]
at = { sent = 3000 }                 a hop of the ledger, and its count of lines
do = "kill flume"
[heal]
at = { generated = 10000 }           without it, at once after the last fault
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flumelab.errors import LabError
from flumelab.lessons.catalogue import Input

PROGRAMS = {"line_counts": Input.PUSH, "line_counts_structured": Input.LANDING}
"""The programs in experiments/programs, and how each gets its lines."""

STILL = "nothing moves"
LINK_HOPS = ("sent", "answered")
HOPS = ("generated", "received", *LINK_HOPS, "counted")
"""Where a fault can wait for a count. `sent`: the batch with this line has left the sink, and is
not yet on its way to the receiver. `answered`: its answer has left the receiver, and is not yet on
its way to the sink. So both are exact. The others are asked for ten times a second."""

PARTS = ("flume", "receiver", "driver", "python-worker", "worker", "database")
DISKS = ("spool", "landing")
VERBS: Mapping[str, tuple[str, ...]] = {
    "kill": PARTS,
    "stop": ("flume",),
    "cut": (),
    "lose-ok": (),
    "half-open": (),
    "slow": (),
    "hold": (),
    "fill": DISKS,
    "change-file": (),
    "clock-back": (),
}
"""What a fault can do, and to what."""

PART_WORDS = {
    "flume": "the Flume agent",
    "receiver": "the receiver",
    "driver": "Spark's driver",
    "python-worker": "Spark's Python worker",
    "worker": "the Spark worker with the receiver",
    "database": "the database",
    "spool": "spool directory",
    "landing": "landing log",
}
WORDS = {
    "kill": "{part} is killed (kill -9)",
    "stop": "{part} is stopped in good order",
    "cut": "the connection is cut in the middle of a batch",
    "lose-ok": "the connection breaks while an OK is on its way",
    "half-open": "the connection falls silent, with an OK on its way",
    "slow": "each OK takes {seconds} s",
    "hold": "the connection stands still",
    "fill": "the disk of the {part} is full",
    "change-file": "another program appends to a file that Flume is reading",
    "clock-back": "the clock is set back by {seconds} s",
}

LINK_VERBS = {"cut": "sent", "hold": "sent", "lose-ok": "answered", "half-open": "answered",
              "slow": "sent"}  # fmt: skip
"""Those of the connection between sink and receiver, and the hop at which they begin."""


@dataclass(frozen=True)
class Count:
    """A count of lines at a hop of the ledger."""

    hop: str
    lines: int

    def __str__(self) -> str:
        return f"{self.hop} = {self.lines:,}"


@dataclass(frozen=True)
class Fault:
    """What happens, and when.

    :param verb: one of `VERBS`
    :param target: the part or the disk; empty for a fault of the connection
    :param seconds: how long each answer is held back (slow), or how far a clock is set back
    :param times: how many answers are slow; 0: all until the fault ends
    """

    at: Count
    verb: str
    target: str = ""
    seconds: float = 0
    times: int = 0

    def __str__(self) -> str:
        words = f"{self.verb} {self.target}".strip()
        return f"{words} by {self.seconds:g} s" if self.seconds else words

    @property
    def told(self) -> str:
        """What happens, as a sentence without its full stop."""
        part = PART_WORDS.get(self.target, self.target)
        return WORDS[self.verb].format(part=part, seconds=f"{self.seconds:g}")


@dataclass(frozen=True)
class Load:
    """What the generator sends: lines, lines a second, and the seed that fixes every byte."""

    lines: int
    rate: int
    seed: int


@dataclass(frozen=True)
class Experiment:
    """One file, read."""

    name: str
    question: str
    explains: str
    program: str
    conf: str
    load: Load
    faults: tuple[Fault, ...]
    heal_at: Count | None = None
    heal_when_still: bool = False
    """Whether to heal once nothing moves any more."""
    changes: Mapping[str, str] = field(default_factory=dict)
    servers: tuple[str, ...] = ()
    cluster: bool = False
    """Whether Spark has workers of its own; if not, the driver runs the tasks itself."""

    @property
    def reads(self) -> Input:
        """How the program gets its lines."""
        return PROGRAMS[self.program]

    def does(self, verb: str, target: str = "") -> bool:
        """Whether one of its faults is this one."""
        return any(f.verb == verb and target in ("", f.target) for f in self.faults)


def conf_of(experiment: Experiment, root: Path) -> Path:
    """Return the conf that an experiment starts from; raises `LabError` if there is none."""
    for place in (root / "flume-conf", folder(root) / "confs"):
        if (place / experiment.conf).is_file():
            return place / experiment.conf
    raise LabError(
        f"{experiment.name}: there is no {experiment.conf} in flume-conf or experiments/confs; "
        "name a conf that is there"
    )


def folder(root: Path) -> Path:
    """Return the folder with the files."""
    return root / "experiments"


def all_of(root: Path) -> dict[str, Experiment]:
    """Read every experiment of the lab, by name."""
    return {file.stem: read(file) for file in sorted(folder(root).glob("*.toml"))}


def find(root: Path, name: str) -> Experiment:
    """Read one of them; raises `LabError`, which lists the names."""
    file = folder(root) / f"{name}.toml"
    if not file.is_file():
        names = ", ".join(sorted(each.stem for each in folder(root).glob("*.toml")))
        raise LabError(f"no experiment named {name}; choose one of {names}")
    return read(file)


def read(file: Path) -> Experiment:
    """Read a file; raises `LabError` with the place, what is wrong there, and what to write."""
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise LabError(f"{file}: {error}; give an experiment in TOML") from None
    return _Reader(file, found).experiment()


class _Reader:
    def __init__(self, file: Path, found: dict[str, Any]) -> None:
        self._file, self._found = file, found

    def experiment(self) -> Experiment:
        top = self._found
        known = ("question", "explains", "program", "conf", "set", "load", "fault", "heal",
                 "servers", "cluster")  # fmt: skip
        self._only("", top, known)
        program = self._text("program")
        if program not in PROGRAMS:
            self._wrong("program", f"no program {program}; choose one of {', '.join(PROGRAMS)}")
        faults = tuple(
            self._fault(f"fault {number}", each)
            for number, each in enumerate(top.get("fault", []), 1)
        )
        if not faults:
            self._wrong("fault", "is missing; write what happens, in a table [[fault]]")
        heal = top.get("heal", {})
        self._only("heal", heal, ("at", "when"))
        if heal.get("when", STILL) != STILL or len(heal) > 1:
            self._wrong("heal", f'is not clear; write at = {{ HOP = LINES }} or when = "{STILL}"')
        return Experiment(
            name=self._file.stem,
            question=self._text("question"),
            explains=self._text("explains"),
            program=program,
            conf=self._text("conf"),
            load=self._load(top.get("load", {})),
            faults=faults,
            heal_at=self._count("heal", heal["at"]) if "at" in heal else None,
            heal_when_still="when" in heal,
            changes={str(key): str(value) for key, value in top.get("set", {}).items()},
            servers=tuple(top.get("servers", ())),
            cluster=bool(top.get("cluster", False)),
        )

    def _load(self, load: dict[str, Any]) -> Load:
        self._only("load", load, ("lines", "rate", "seed"))
        for key in ("lines", "rate"):
            if not isinstance(load.get(key), int) or load[key] < 1:
                self._wrong(f"load.{key}", "is not a number above 0; write one")
        return Load(load["lines"], load["rate"], int(load.get("seed", 1)))

    def _fault(self, place: str, given: dict[str, Any]) -> Fault:
        self._only(place, given, ("at", "do", "seconds", "times"))
        verb, _, target = str(given.get("do", "")).partition(" ")
        if verb not in VERBS:
            self._wrong(f"{place}, do", f"cannot {verb or 'do nothing'}; write {', '.join(VERBS)}")
        targets = VERBS[verb]
        if (target or None) not in (targets or (None,)):
            choice = f"one of {', '.join(targets)}" if targets else "nothing"
            self._wrong(
                f"{place}, do", f"{verb} {target} is not possible; after {verb} write {choice}"
            )
        at = self._count(place, given.get("at"))
        if (hop := LINK_VERBS.get(verb)) and at.hop != hop:
            self._wrong(f"{place}, at", f"{verb} begins at {hop}, not at {at.hop}; write {hop}")
        if verb == "stop" and at.hop in LINK_HOPS:
            self._wrong(f"{place}, at", "a stop waits for the batch that is held; write received")
        return Fault(at, verb, target, float(given.get("seconds", 0)), int(given.get("times", 0)))

    def _count(self, place: str, given: object) -> Count:
        if isinstance(given, dict) and len(given) == 1:
            [(hop, lines)] = given.items()
            if hop in HOPS and isinstance(lines, int) and lines > 0:
                return Count(hop, lines)
        raise LabError(
            f"{self._file}: {place}, at: is not a count; write {{ HOP = LINES }} with a hop of "
            f"{', '.join(HOPS)}"
        )

    def _text(self, key: str) -> str:
        value = self._found.get(key)
        if not isinstance(value, str) or not value.strip():
            self._wrong(key, "is missing; write a text")
        return " ".join(str(value).split())

    def _only(self, place: str, given: object, known: tuple[str, ...]) -> None:
        if not isinstance(given, dict):
            self._wrong(place, "is not a table; write one")
        elif unknown := set(given) - set(known):
            named = ", ".join(sorted(unknown))
            self._wrong(place or named, f"{named} is unknown; write {', '.join(known)}")

    def _wrong(self, place: str, text: str) -> None:
        raise LabError(f"{self._file}: {place}: {text}")
