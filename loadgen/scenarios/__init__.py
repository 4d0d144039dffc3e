"""What lines can look like: one module a scenario, found here by its name."""

from loadgen.scenarios.access_log import AccessLog
from loadgen.scenarios.batch import Batch, Scenario

SCENARIOS: dict[str, type[Scenario]] = {"access-log": AccessLog}

__all__ = ["SCENARIOS", "Batch", "Scenario"]
