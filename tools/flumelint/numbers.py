"""Start each component with each of its numbers in quotes, and compare with flumelint.numbers.

    python -m tools.flumelint.numbers

Flume removes a component whose number is none, fails with each event, or takes the default. It
takes about half a minute; `make lint-proof` runs it. Components whose jars the lab lacks stay out.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flumelint import Options, check
from flumelint.findings import Severity
from tools.flumelint import prove
from tools.flumelint.make_components import OUTPUT
from tools.flumelint.scenes import Scene
from tools.flumelint.stage import Stage, staged

NUMBERS = ("int", "long", "float", "double")
KINDS = {"source": "a1.sources.r1.", "channel": "a1.channels.c1.", "sink": "a1.sinks.k1."}
# What components cannot do without, apart from what the data file calls required.
NEEDED = {
    **{"bind": "127.0.0.1", "hostname": "localhost", "host": "localhost", "port": "44444"},
    **{"ports": "44444", "command": "cat /data/x", "spoolDir": "/data/s", "filegroups": "f"},
    **{"sink.directory": "/data/o", "hdfs.path": "hdfs://n/a", "kafka.topics": "t"},
    **{"kafka.bootstrap.servers": "localhost:9092", "endpoint": "http://localhost:44444/"},
}
# They keep the JVM's only database, or need a server that is not here.
LEFT_OUT = {("channel", "jdbc"), ("source", "jms"), ("sink", "hive")}


def cases() -> Iterator[tuple[str, str]]:
    """A conf for each number of each component, by KIND/ALIAS/KEY."""
    for data in json.loads(OUTPUT.read_text())["components"]:
        kind, alias = data["interface"], data.get("alias")
        if kind not in KINDS or not alias or (kind, alias) in LEFT_OUT:
            continue
        keys = data.get("keys", [])
        needed = {each: NEEDED[each] for each in (key["name"] for key in keys) if each in NEEDED}
        if alias == "taildir":
            needed["filegroups.f"] = "/data/t/a"
        for key in keys:
            if key.get("type") in NUMBERS and "*" not in key["name"]:
                settings = {**needed, key["name"]: '"100"'}
                yield f"{kind}/{alias}/{key['name']}", conf(kind, alias, settings)


def conf(kind: str, alias: str, settings: dict[str, str]) -> str:
    """An agent with one component of the type; the others do nothing that can fail."""
    types = {"source": "seq", "channel": "memory", "sink": "null", kind: alias}
    lines = ["a1.sources = r1", "a1.channels = c1", "a1.sinks = k1"]
    lines += [f"{prefix}type = {types[each]}" for each, prefix in KINDS.items()]
    lines += ["a1.sources.r1.channels = c1", "a1.sinks.k1.channel = c1"]
    if kind != "source":
        lines.append("a1.sources.r1.totalEvents = 1")
    return "\n".join([*lines, *(f"{KINDS[kind]}{key} = {settings[key]}" for key in settings), ""])


def run() -> dict[str, bool | None]:
    """Whether each component works on in spite of its number; None if it cannot run here at all."""
    with tempfile.TemporaryDirectory(prefix="flumelint-") as folder:
        stages: dict[str, Stage] = {}
        for name, text in cases():
            stages[name] = stage = staged(name, text, Scene(), Path(folder))
            stage.case |= {"feeds": [], "receivers": []}
        outcomes = prove.run(stages.values())
    return {name: works(name, outcome) for name, outcome in outcomes.items()}


def works(name: str, outcome: dict[str, Any]) -> bool | None:
    """A component works if it runs, and no exception of its number keeps events back."""
    if "NoClassDefFoundError" in outcome.get("died", ""):
        return None
    errors = [line["text"] for line in outcome["log"] if line["level"] == "ERROR"]
    stuck = any("deliver" in text and "NumberFormatException" in text for text in errors)
    return bool(outcome[f"{name.split('/')[0]}s"]) and not stuck


def said(text: str) -> bool:
    """Whether flumelint says that the component works on."""
    found = [each for each in check(text, options=Options()) if each.rule == "quoted-value"]
    return [each.severity for each in found] == [Severity.IGNORED]


def main() -> None:
    confs = dict(cases())
    outcomes = run()
    wrong = [
        f"{name}: Flume {'runs on' if outcome else 'stops'}"
        for name, outcome in outcomes.items()
        if outcome is not None and outcome != said(confs[name])
    ]
    known = sum(outcome is not None for outcome in outcomes.values())
    print(f"{known} numbers of Flume's components in quotes, {len(wrong)} judged wrongly")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
