"""Run every rule's examples in real Flume agents, and write down what was observed.

    python -m tools.flumelint.prove            # writes src/flumelint/observed.json
    python -m tools.flumelint.prove RULE…      # prints the records of some rules

All agents run in one JVM, by Flume's own classes. A record has, for the wrong and the right
example, what runs, where the events went, and the lines of Flume's log that only this one has.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flumelint.rules import all_rules
from tools.flumelint.make_components import class_path
from tools.flumelint.stage import Stage, staged

OUTPUT = Path(__file__).parents[2] / "src" / "flumelint" / "observed.json"
SECONDS = 600  # a whole proof takes about a minute
LINES_MAX = 12  # a stack of the same complaint teaches nothing more
# Threads of the agent log these at any time, and every agent does.
QUIET = ("MonitoredCounterGroup", "LifecycleSupervisor$MonitorRunnable.quiet")


def run(stages: Iterable[Stage]) -> dict[str, dict[str, Any]]:
    """Return what each case showed, by its id."""
    with tempfile.TemporaryDirectory(prefix="flumelint-") as folder:
        cases, outcomes = Path(folder, "cases.json"), Path(folder, "outcomes.json")
        cases.write_text(json.dumps([stage.case for stage in stages]))
        command = ["java", "-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        command += ["-Dlog4j2.isThreadContextMapInheritable=true", "-Dlog4j2.disable.jmx=true"]
        command += ["-cp", class_path(), "io.pysparkflume.lint.proof.Prove"]
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


def observe(names: Iterable[str] = ()) -> dict[str, Any]:
    """Run the examples of some rules, or of all, and return their records."""
    wanted = set(names)
    rules = [rule for rule in all_rules().values() if not wanted or rule.name in wanted]
    with tempfile.TemporaryDirectory(prefix="flumelint-") as folder:
        stages = {}
        for rule in rules:
            for side, example in (("wrong", rule.wrong), ("right", rule.right)):
                stage = staged(f"{rule.name}/{side}", example, Path(folder))
                stages[stage.case["id"]] = stage
        outcomes = run(stages.values())
    records = {}
    for rule in rules:
        both = [f"{rule.name}/wrong", f"{rule.name}/right"]
        said = {each: log_of(outcomes[each], stages[each]) for each in both}
        wrong, right = (
            record(outcomes[one], stages[one], said[one], said[other])
            for one, other in (both, both[::-1])
        )
        records[rule.name] = {"wrong": wrong, "right": right}
    return records


def log_of(outcome: dict[str, Any], stage: Stage) -> list[str]:
    """The lines in the order of reading the conf, then those of other threads, sorted."""
    loading, later = [], set()
    for line in outcome["log"]:
        if line["logger"].endswith(QUIET):
            continue
        text = f"{line['level']} {line['logger'].rsplit('.', 1)[-1]}: {stage.original(line['text'])}"
        if line["loading"]:
            loading.append(text)
        else:
            later.add(text)
    return [*loading, *sorted(later)]


def record(
    outcome: dict[str, Any], stage: Stage, said: list[str], said_by_other: list[str]
) -> dict[str, Any]:
    """What one example did; of its log, what the other one did not say."""
    known = set(said_by_other)
    only_here = [line for line in dict.fromkeys(said) if line not in known]
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
    if outcome["refused"]:
        result["refused"] = outcome["refused"]
    if "died" in outcome:
        result["died"] = stage.original(outcome["died"])
    return result


def main() -> None:
    names = sys.argv[1:]
    records = observe(names)
    text = json.dumps(records, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if names:
        sys.stdout.write(text)
    else:
        OUTPUT.write_text(text)


if __name__ == "__main__":
    main()
