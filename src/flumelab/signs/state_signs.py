"""Signs in the states of the parts: what has ended by itself."""

from collections.abc import Iterator

from flumelab.signs.known import known
from flumelab.signs.sign import Sign
from flumelab.signs.snapshot import Snapshot


def state_signs(snapshot: Snapshot) -> Iterator[Sign]:
    """Yield each part that has ended, with the last time that its log has."""
    for part in snapshot.parts:
        if part.state == "stopped":
            times = [line.at for line in snapshot.logs.get(part.name, ()) if line.at]
            yield known()["part-ended"].sign(part.name, times[-1] if times else None, cause="")
