"""The Docker runtime for checks, which sees that a learner's mistake has ended a part."""

import time
from collections.abc import Mapping

from flumelab.counts import Counts
from flumelab.errors import LabError
from flumelab.lessons.catalogue import SERVICES
from flumelab.runtimes.docker import FLUMES, DockerRuntime

END_SECONDS_MAX = 10
POLL_SECONDS = 0.2


class CheckContainers(DockerRuntime):
    """The services of compose.yaml, without the two things that would hide a mistake.

    The engine does not restart a program that has ended. A start does not wait until Flume is
    healthy, because an agent whose sink never connects may be what the check is to find.
    """

    _last = Counts({})

    def _start(self, environment: Mapping[str, str]) -> None:
        own = {**environment, "LAB_RESTART": "no"}
        services = self._compose.output("config", "--services", environment=own).split()
        first = [name for name in services if name not in FLUMES]
        up = ("up", "--detach", "--no-build")
        self._compose.output(*up, "--wait", *first, environment=own)
        self._compose.output(*up, environment=own)

    def counts(self) -> Counts:
        """Read the result store; of a program that has ended, what it had when it was last read.

        A container that has ended cannot be asked.
        """
        try:
            self._last = super().counts()
        except LabError:
            if not self._program_ends():
                raise
        return self._last

    def _program_ends(self) -> bool:
        """Whether the program has ended.

        A container that is ending refuses commands before its state says so.
        """
        deadline = time.monotonic() + END_SECONDS_MAX
        while time.monotonic() < deadline:
            if any(each.name in SERVICES and each.state == "stopped" for each in self.services()):
                return True
            time.sleep(POLL_SECONDS)
        return False
