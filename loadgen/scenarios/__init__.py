"""What lines can look like: one module per scenario, chosen here by its name."""

from loadgen.scenarios.access_log import AccessLog
from loadgen.scenarios.actions import Actions
from loadgen.scenarios.event_scenario import stamp
from loadgen.scenarios.hashtags import Hashtags
from loadgen.scenarios.orders import Orders
from loadgen.scenarios.scenario import Batch, Events, Scenario
from loadgen.scenarios.sensors import Sensors

SCENARIOS: dict[str, type[Scenario]] = {
    "access-log": AccessLog,
    "orders": Orders,
    "sensors": Sensors,
    "hashtags": Hashtags,
    "actions": Actions,
}

__all__ = ["SCENARIOS", "Batch", "Events", "Scenario", "stamp"]
