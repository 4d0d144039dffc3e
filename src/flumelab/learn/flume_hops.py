"""What a running agent has counted, by hop."""

from flumelab import flume_metrics
from flumelab.ledger import RECEIVED, SENT


def flume_hops(port: int) -> dict[str, int]:
    """Return the lines ``received`` and ``sent``; empty if no agent answers."""
    metrics = flume_metrics.current_run(port)
    if not metrics:
        return {}
    return {
        name: sum(
            int(counters.get(counter, 0))
            for component, counters in metrics.items()
            if component.startswith(f"{kind}.")
        )
        for name, (kind, counter) in (("received", RECEIVED), ("sent", SENT))
    }
