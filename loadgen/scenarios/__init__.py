"""What lines can look like: one module a scenario, found here by its name."""

from loadgen.scenarios.access_log import AccessLog
from loadgen.scenarios.batch import Batch, Events, Scenario
from loadgen.scenarios.orders import Orders

SCENARIOS: dict[str, type[Scenario]] = {"access-log": AccessLog, "orders": Orders}

__all__ = ["SCENARIOS", "Batch", "Events", "Scenario"]
