"""Rules about the places by which a receiver tells lines apart (LineIdentityDeserializer)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flumelint.findings import Report, Severity
from flumelint.model import SOURCE, Component, Conf
from flumelint.places import normal, sinks_of, truth
from flumelint.resolve import is_alive
from flumelint.rules.backslashes import SPOOL
from flumelint.rules.rule import changed, rule, rule_for_files

MULTILINE = "io.pysparkflume.flume.MultilineIdentityDeserializer$Builder"
DESERIALIZER = "io.pysparkflume.flume.LineIdentityDeserializer$Builder"
HEADERS = ("file", "offset", "end")

IDENTIFIED = changed(
    SPOOL,
    (
        "a1.sources.r1.deserializer.maxLineLength = 65536\n",
        f"a1.sources.r1.deserializer = {DESERIALIZER}\na1.sources.r1.deserializer.origin = web-1\n",
    ),
    ("type = logger\n", "type = avro\na1.sinks.k1.hostname = receiver\na1.sinks.k1.port = 4141\n"),
)


def two_files(first: str, second: str) -> str:
    """An example of two machines, each with a conf of its own."""
    return f"# file: one.conf\n{first}\n# file: two.conf\n{second}"


def _identified(conf: Conf) -> Iterator[Component]:
    for source in conf.components(SOURCE):
        if source.is_a("spooldir") and source.text("deserializer") in (DESERIALIZER, MULTILINE):
            yield source


@rule(
    "file-header-replaces-identity",
    Severity.LOSES_DATA,
    summary="the source's own header replaces one by which lines are told apart",
    flume="The deserializer sets `file` to ORIGIN:PATH, and then `fileHeader` overwrites it with "
    "the path alone. Flume logs nothing.",
    harm="Lines of agents with equal paths look the same, so the receiver drops those of one.",
    wrong=changed(
        IDENTIFIED, ("r1.deserializer =", "r1.fileHeader = true\na1.sources.r1.deserializer =")
    ),
    right=IDENTIFIED,
)
def file_header_replaces_identity(conf: Conf) -> Iterator[Report]:
    for source in _identified(conf):
        for switch, key, default in (
            ("fileHeader", "fileHeaderKey", "file"),
            ("basenameHeader", "basenameHeaderKey", "basename"),
        ):
            name = source.text(key, default)
            if truth(source, switch) and name in HEADERS:
                yield Report(
                    source.settings[switch].span,
                    f"{switch} overwrites the header {name} of the deserializer",
                    f"take {switch} out, or give it another {key}",
                )


@rule_for_files(
    "equal-identity",
    Severity.LOSES_DATA,
    summary="two agents give their lines the same places",
    flume="Both agents read a folder of the same path, have the same origin or none, and send to "
    "the same receiver. Flume knows nothing of it.",
    harm="The receiver takes the lines of one agent for repetitions of the other's and drops them.",
    wrong=two_files(IDENTIFIED, IDENTIFIED.replace("a1.", "a2.")),
    right=two_files(IDENTIFIED, IDENTIFIED.replace("a1.", "a2.").replace("web-1", "web-2")),
)
def equal_identity(confs: Sequence[Conf]) -> Iterator[tuple[Conf, Report]]:
    seen: dict[tuple[str, ...], Component] = {}
    for conf in confs:
        for source in _identified(conf):
            for place in _places(source):
                other = seen.setdefault(place, source)
                if other.agent is not source.agent:
                    setting = source.get("deserializer.origin") or source.settings["deserializer"]
                    yield (
                        conf,
                        Report(
                            setting.span,
                            f"{other} of {other.agent.name} has the same origin and folder",
                            f"give {source.prefix}deserializer.origin a value of its own",
                        ),
                    )


def _places(source: Component) -> Iterator[tuple[str, ...]]:
    """Yield folder, origin and receiver; nothing if the environment may make them differ."""
    folder = source.get("spoolDir")
    origin = source.get("deserializer.origin")
    written = [each.assignment.value.text for each in (folder, origin) if each]
    if not folder or not is_alive(source) or any("${" in text for text in written):
        return
    for channel in source.text("channels").split():
        for sink in sinks_of(source.agent, channel):
            target = (sink.text("hostname"), sink.text("port"))
            if all(target) and "${" not in "".join(target):
                yield normal(folder.value), origin.value if origin else "", *target
