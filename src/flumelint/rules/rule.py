"""How a rule is written: a function that yields reports, and the facts about it.

@rule(
    "sink-without-channel",
    Severity.IDLE,
    summary="a sink names no channel",
    flume="Flume removes the sink …",
    harm="The events stay in the channel …",
    wrong=BASE.replace(…),
    right=BASE,
)
def check(conf: Conf) -> Iterator[Report]:
    for sink in conf.components(SINK):
        …
        yield Report(sink.place, f"{sink} has no channel", "write …")
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from flumelint.findings import Report, Severity
from flumelint.model import Conf

Check = Callable[[Conf], Iterator[Report]]
# A rule about several files yields the file with each report.
CheckFiles = Callable[[Sequence[Conf]], Iterator[tuple[Conf, Report]]]


@dataclass(frozen=True)
class Rule:
    """A rule and what there is to say about it.

    :param name: in words, with hyphens
    :param summary: what is wrong, in one line, without a full stop
    :param flume: what Flume does, in whole sentences
    :param harm: why it hurts, in whole sentences
    :param wrong: a complete conf with the mistake; of two files, each begins with ``# file: NAME``
    :param right: the same conf without it
    :param whole: whether it needs the whole file: it says what is missing elsewhere. It does not
        run for a block of a page that shows a part of a conf.
    :param files: the files in the folder FOLDER of the examples, for a rule that looks there
    """

    name: str
    severity: Severity
    summary: str
    flume: str
    harm: str
    wrong: str
    right: str
    whole: bool = False
    check: Check | None = None
    check_files: CheckFiles | None = None
    files: tuple[str, ...] = ()


REGISTERED: dict[str, Rule] = {}


class _Decorator(Protocol):
    def __call__(self, check: Check) -> Check: ...


class _FilesDecorator(Protocol):
    def __call__(self, check: CheckFiles) -> CheckFiles: ...


def rule(
    name: str,
    severity: Severity,
    *,
    summary: str,
    flume: str,
    harm: str,
    wrong: str,
    right: str,
    whole: bool = False,
    files: tuple[str, ...] = (),
) -> _Decorator:
    """Register a rule about one file."""

    def register(check: Check) -> Check:
        about = (name, severity, summary, flume, harm, wrong, right)
        _register(Rule(*about, whole, check=check, files=files))
        return check

    return register


def rule_for_files(
    name: str, severity: Severity, *, summary: str, flume: str, harm: str, wrong: str, right: str
) -> _FilesDecorator:
    """Register a rule about all files of a run together; it is given one file as well."""

    def register(check: CheckFiles) -> CheckFiles:
        _register(Rule(name, severity, summary, flume, harm, wrong, right, check_files=check))
        return check

    return register


def _register(made: Rule) -> None:
    if made.name in REGISTERED:
        raise ValueError(f"two rules have the name {made.name}; rename one")
    REGISTERED[made.name] = made


BASE = """\
a1.sources = r1
a1.channels = c1
a1.sinks = k1

a1.sources.r1.type = netcat
a1.sources.r1.bind = 127.0.0.1
a1.sources.r1.port = 44444
a1.sources.r1.channels = c1

a1.channels.c1.type = memory
a1.channels.c1.capacity = 1000

a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """Return an example with parts replaced; each part must be there."""
    for old, new in changes:
        if old not in text:
            raise ValueError(f"the example has no {old!r}")
        text = text.replace(old, new)
    return text


TWO_CHANNELS = (
    changed(
        BASE,
        ("a1.channels = c1", "a1.channels = c1 c2"),
        ("r1.channels = c1", "r1.channels = c1 c2"),
    )
    + "a1.channels.c2.type = memory\n"
)
"""An example whose source puts each event into two channels; the second one has no sink."""
