"""What a run of an experiment found, and the folder that keeps it.

.lab/experiments/NAME/TIME/  result.json  picture.html  evidence.jsonl  logs/  and the conf
.lab/experiments/NAME/latest ──▶ TIME
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flumelab.errors import LabError
from flumelab.experiments.experiment import Experiment
from flumelab.experiments.theory import Bound, Theory
from flumelab.experiments.truth import Ranges
from flumelab.experiments.verdict import Measured, Prediction, Verdict

LATEST = "latest"


@dataclass(frozen=True)
class Result:
    """One run.

    :param measured: None if nothing could be read
    :param hops: the ledger: each hop and its lines
    :param lost: the lines that are missing, as ranges; `twice` likewise
    :param folder: where it is kept
    """

    experiment: Experiment
    verdict: Verdict
    why: str
    theory: Theory | None
    measured: Measured | None
    prediction: Prediction | None
    hops: Mapping[str, int]
    lost: Ranges
    twice: Ranges
    seconds: float
    folder: Path

    def as_json(self) -> dict[str, Any]:
        """As `flumelab experiment run --json` prints it."""
        predicted = self.prediction
        return {
            "experiment": self.experiment.name,
            "question": self.experiment.question,
            "seed": self.experiment.load.seed,
            "faults": [f"{fault} at {fault.at}" for fault in self.experiment.faults],
            "verdict": str(self.verdict),
            "why": self.why,
            "theory": self.theory
            and {
                "lost": _pair(self.theory.lost),
                "twice": _pair(self.theory.twice),
                "reasons": list(self.theory.reasons),
            },
            "measured": self.measured and vars(self.measured),
            "prediction": predicted
            and {
                "lost": _pair(predicted.lost),
                "twice": _pair(predicted.twice),
                "right": self.measured and predicted.is_right(self.measured),
            },
            "hops": dict(self.hops),
            "lost_lines": self.lost,
            "twice_lines": self.twice,
            "seconds": round(self.seconds, 1),
            "folder": str(self.folder),
        }

    def save(self) -> None:
        """Write result.json, and let `latest` point here."""
        text = json.dumps(self.as_json(), indent=2) + "\n"
        (self.folder / "result.json").write_text(text)
        new = self.folder.parent / f".{LATEST}"
        new.unlink(missing_ok=True)
        new.symlink_to(self.folder.name)
        new.replace(self.folder.parent / LATEST)


def new_folder(state: Path, name: str) -> Path:
    """Create the folder of a run that begins now."""
    folder = state / "experiments" / name / f"{datetime.now():%Y-%m-%dT%H-%M-%S}"
    at = 1
    while folder.exists():
        at += 1
        folder = folder.with_name(f"{folder.name.partition('_')[0]}_{at}")
    folder.mkdir(parents=True)
    return folder


def latest(state: Path, name: str) -> Path:
    """Return the folder of the newest run; raises `LabError` if there is none."""
    folder = state / "experiments" / name / LATEST
    if not folder.exists():
        raise LabError(f"{name} has not run yet; flumelab experiment run {name}")
    return folder.resolve()


def _pair(bound: Bound) -> list[int]:
    return [bound.least, bound.most]
