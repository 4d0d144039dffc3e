"""Run every rule's examples in real Flume agents, and write down what was observed.

    python -m tools.flumelint.prove            # writes src/flumelint/observed.json
    python -m tools.flumelint.prove RULE…      # prints the records of some rules

All agents run in one JVM, by Flume's own classes. A record has, for the wrong and the right
example, what runs, where the events went, and the lines of Flume's log that only this one has.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyspark

from flumelint.rules import all_rules
from flumelint.rules.rule import Rule
from tools.flumelint.claims import proven
from tools.flumelint.make_components import class_path
from tools.flumelint.more_examples import MORE
from tools.flumelint.scenes import INSTEAD, NOT_SHOWN, NOT_STARTED, SCENES, Scene
from tools.flumelint.stage import Stage, staged

FLUMES = ("org.apache.flume.", "io.pysparkflume.", "org.apache.spark.streaming.flume.")
ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "src" / "flumelint" / "observed.json"
SECONDS = 300  # a whole proof takes about a minute
LINES_MAX = 12  # a stack of the same complaint teaches nothing more
# What every agent logs of the parts it starts; a record says what runs.
QUIET = re.compile(
    r"\w+ MonitoredCounterGroup|INFO LoggerSink|INFO \w+: (?:Creat(?:ed|ing) |Start(?:ing|ed)\b"
    r"|Processing:|Added |Waiting for channel|Channel \S+ connected|Initializ|Post-validation"
    r"|Source start|Sleeping for|Configuration provider)"
)


def run(stages: Iterable[Stage]) -> dict[str, dict[str, Any]]:
    """Return what each case showed, by its id."""
    with tempfile.TemporaryDirectory(prefix="flumelint-") as folder:
        cases, outcomes = Path(folder, "cases.json"), Path(folder, "outcomes.json")
        cases.write_text(json.dumps([stage.case for stage in stages]))
        command = ["java", "-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        command += ["-Dlog4j2.isThreadContextMapInheritable=true", "-Dlog4j2.disable.jmx=true"]
        command += [
            f"-Duser.home={folder}/home/flume"
        ]  # where a file channel without folders keeps its events
        command += ["-cp", f"{class_path()}:{extras()}", "io.pysparkflume.lint.proof.Prove"]
        done = subprocess.run(
            [*command, str(cases), str(outcomes)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd=folder,
        )
        if done.returncode or not outcomes.exists():
            raise RuntimeError(f"the agents did not run to their end: {done.stderr[-3000:]}")
        return {each["id"]: each for each in json.loads(outcomes.read_text())}


def extras() -> str:
    """The jars of Flume's extras: Kafka's from the build, Hadoop's as PySpark has them."""
    kafka = (Path(__file__).parent / "target" / "extras").glob("*.jar")
    spark = Path(pyspark.__file__).parent / "jars"
    hadoop = [*spark.glob("hadoop-client-*.jar"), *spark.glob("commons-logging-*.jar")]
    return ":".join(str(jar) for jar in [*sorted(kafka), *sorted(hadoop)])


def observe(names: Iterable[str] = ()) -> dict[str, Any]:
    """Run the examples of some rules, or of all, and return their records."""
    wanted = set(names)
    rules = [
        rule
        for rule in all_rules().values()
        if (not wanted or rule.name in wanted) and rule.name not in NOT_STARTED
    ]
    with tempfile.TemporaryDirectory(prefix="flumelint-") as folder:
        stages = {
            name: staged(name, example, SCENES.get(rule.name, Scene()), Path(folder), rule.files)
            for rule in rules
            for name, example in examples_of(rule).items()
        }
        outcomes = run(stages.values())
    logs = {name: log_of(outcomes[name], stage) for name, stage in stages.items()}
    return {rule.name: record_of(rule, outcomes, stages, logs) for rule in rules}


def examples_of(rule: Rule) -> dict[str, str]:
    """The wrong example, further wrong ones, and the right one, by the names of their cases."""
    wrong = [rule.wrong, *MORE.get(rule.name, [])]
    named = {f"{rule.name}/wrong{number or ''}": text for number, text in enumerate(wrong)}
    return {**named, f"{rule.name}/right": rule.right}


def record_of(
    rule: Rule,
    outcomes: dict[str, dict[str, Any]],
    stages: dict[str, Stage],
    logs: dict[str, list[str]],
) -> dict[str, Any]:
    """A rule's record: the wrong example, further ones, the right one, and what they prove."""
    first, *more, last = examples_of(rule)
    wrong = [
        record(outcomes[name], stages[name], logs[name], logs[last]) for name in (first, *more)
    ]
    right = record(outcomes[last], stages[last], logs[last], logs[first])
    said = [line for name in (first, *more) for line in logs[name]]
    said += [each["died"] for each in wrong if "died" in each]
    result: dict[str, Any] = {"wrong": wrong[0], "right": right}
    if more:
        result["more"] = wrong[1:]
    if reasons := [why for (name, _), why in NOT_SHOWN.items() if name == rule.name]:
        result["not_shown"] = sorted(set(reasons))
    if rule.name in INSTEAD:
        result["instead"] = INSTEAD[rule.name]
    return {**result, "proven": proven(rule, said, wrong, right)}


def log_of(outcome: dict[str, Any], stage: Stage) -> list[str]:
    """The lines in the order of reading the conf, then those of other threads, sorted."""
    loading, later = [], set()
    for line in outcome["log"]:
        if line["level"] == "INFO" and not is_telling(line["logger"]):
            continue
        text = stage.original(
            f"{line['level']} {line['logger'].rsplit('.', 1)[-1]}: {line['text']}"
        )
        if line["loading"]:
            loading.append(text)
        else:
            later.add(text)
    return [*loading, *sorted(later)]


def is_telling(logger: str) -> bool:
    """Whether a logger's ordinary lines are worth reading: the file channel tells of each step."""
    return logger.startswith(FLUMES) and not logger.startswith("org.apache.flume.channel.file.")


def record(
    outcome: dict[str, Any], stage: Stage, said: list[str], said_by_other: list[str]
) -> dict[str, Any]:
    """What one example did; of its log, what the other one did not say."""
    known = set(said_by_other)
    only_here = [
        line for line in dict.fromkeys(said) if line not in known and not QUIET.match(line)
    ]
    result: dict[str, Any] = {
        "runs": [
            *(f"source {name}" for name in sorted(outcome["sources"])),
            *(f"channel {name}" for name in sorted(outcome["channels"])),
            *(f"sink {name}" for name in sorted(outcome["sinks"])),
        ],
        "sent": stage.sent,
        "events": {
            name: [counts["in"], counts["out"]] for name, counts in outcome["events"].items()
        },
        "log": only_here[:LINES_MAX],
    }
    if stage.case["receivers"]:
        result["received"] = outcome["received"]
    if outcome["refused"]:
        result["refused"] = outcome["refused"]
    if outcome["shown"]:
        result["shown"] = {
            name: shown(seen, stage, stage.case["looks"][name])
            for name, seen in outcome["shown"].items()
        }
    if "died" in outcome:
        result["died"] = stage.original(outcome["died"])
    return result


def shown(seen: str | list[str], stage: Stage, look: str) -> str | list[str]:
    """What a scene looked at. Headers that differ only by the millisecond are one."""
    if isinstance(seen, str):
        return stage.original(seen)
    texts = [stage.original(each) for each in seen]
    timed = look == "headers" and any("TIME" in text for text in texts)
    return list(dict.fromkeys(texts)) if timed else texts


def steady(records: dict[str, Any]) -> dict[str, Any]:
    """What is the same in each run: what runs, whether events arrive, and the claims.

    How many of three events are out at the end of a run, and what other threads log, may differ.
    """
    return {
        name: {
            "wrong": its["wrong"]["runs"],
            "right": its["right"]["runs"],
            "shown": [its[side].get("shown", {}) for side in ("wrong", "right")],
            "died": its["wrong"].get("died", "").partition(":")[0],
            "proven": its["proven"],
        }
        for name, its in records.items()
        if "not_started" not in its
    }


def main() -> None:
    names = sys.argv[1:]
    records = observe(names)
    text = json.dumps(records, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if names:
        sys.stdout.write(text)
    else:
        OUTPUT.write_text(text)
    broken = [
        f"{name}: {claim}"
        for name, its in records.items()
        for claim, held in its["proven"].items()
        if not held
    ]
    if broken:
        sys.exit("these claims of rules do not hold:\n" + "\n".join(broken))


if __name__ == "__main__":
    main()
