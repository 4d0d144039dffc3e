"""The file of a lab that stays up, from which later commands know what runs in it."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flumelab.errors import LabError
from flumelab.own.conf import KINDS, AgentConf, Component
from flumelab.own.lab import Known, OwnLab
from flumelab.own.services import OwnState, Wish
from flumelab.runtimes.processes import Processes
from flumelab.runtimes.runtime import Report
from flumelab.settings import Settings


def is_up(settings: Settings) -> bool:
    """Whether a lab was started in the settings' folder and not stopped since."""
    return OwnState(settings.state / "own").lab.exists()


def require_down(state: OwnState, processes: Processes) -> None:
    """Raise `LabError` if a lab runs in the folder."""
    if state.lab.exists() and processes.running():
        program = json.loads(state.lab.read_text())["program"]
        raise LabError(f"{program} is up in {state.folder}; run flumelab down first")


def write(lab: OwnLab) -> None:
    """Write the lab's file, by which later commands find it."""
    _replace(lab.state.lab, _content(lab))
    show(lab)


def show(lab: OwnLab) -> None:
    """Write what the live page knows of a lab, also of one that does not stay."""
    _replace(lab.state.shown, _content(lab))


def conf_of(content: Mapping[str, Any]) -> AgentConf | None:
    """Return the agent that a file of `write` or `show` has; None without Flume."""
    return _read(content["conf"]) if content.get("conf") else None


def _content(lab: OwnLab) -> dict[str, Any]:
    known, wish = lab.known, lab.wish
    return {
        "program": str(wish.program),
        "conf_file": str(wish.conf) if wish.conf else None,
        "ui_port": lab.settings.ui_port,
        "metrics_port": lab.settings.metrics_port,
        "conf": _written(known.conf) if known.conf else None,
        "fed": known.fed,
        "sent": known.sent,
        "before": known.before,
        "keys": known.keys,
        "count": wish.count,
        "count_each": wish.count_each,
    }


def _replace(file: Path, content: Mapping[str, Any]) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps(content, indent=2))
    new.replace(file)


def read(settings: Settings, report: Report) -> OwnLab:
    """Return the lab that is up, or was killed, in the settings' folder."""
    state = OwnState(settings.state / "own")
    content = json.loads(state.lab.read_text())
    conf_file = content["conf_file"]
    known = Known(
        conf_of(content),
        content["fed"],
        content["sent"],
        content["before"],
        Counter(content["keys"]),
    )
    conf = Path(conf_file) if conf_file else None
    count = {name: content[name] for name in ("count", "count_each")}
    wish = Wish(Path(content["program"]), conf, **count)
    ports = replace(settings, ui_port=content["ui_port"], metrics_port=content["metrics_port"])
    return OwnLab(wish, known, ports, report)


def _written(conf: AgentConf) -> dict[str, Any]:
    kinds = {
        kind: {
            name: {"prefix": part.prefix, "settings": dict(part.settings)}
            for name, part in getattr(conf, kind).items()
        }
        for kind in KINDS
    }
    return {"file": str(conf.file), "agent": conf.agent, **kinds}


def _read(content: dict[str, Any]) -> AgentConf:
    kinds = {
        kind: {name: Component(name, **part) for name, part in content[kind].items()}
        for kind in KINDS
    }
    return AgentConf(Path(content["file"]), content["agent"], **kinds)
