"""Count lines on a YARN of this machine: ``make yarn``.

Both ways to read Flume run in both deploy modes of spark-submit. In cluster mode a job brings the
connector along, in an archive with a Python; in client mode the nodes have installed it.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pyspark_flume.errors import SendFailed
from pyspark_flume.testing.logged_process import LoggedProcess, free_port

from tools.yarn.cluster import MiniYarn
from tools.yarn.job import HOST, Counts, Job, of_console, of_dstream
from tools.yarn.nodes import ARCHIVE, Nodes

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".lab/yarn"
OLD_PROGRAM = ROOT / "tests/integration/programs/course_url_counts.py"
NEW_PROGRAM = ROOT / "examples/kubernetes/url_counts.py"
FOREIGN = ("SPARK_", "PYSPARK_", "PYTHON", "HADOOP_", "YARN_")
"""Variables that would lead drivers to another Spark, Python or cluster."""
LINES = 10_000
PAGES = 23


def main() -> int:
    """Run all four; return 1 if a count is wrong."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    run = FOLDER / "run"
    shutil.rmtree(run, ignore_errors=True)
    print("yarn: setting up a Spark, an archive with the wheel, and YARN", flush=True)
    nodes = Nodes(run, FOLDER / "sparks")
    carried = [
        "--archives", f"{nodes.archive}#{ARCHIVE}", "--jars", str(nodes.jar),
        "--conf", f"spark.yarn.appMasterEnv.PYSPARK_PYTHON=./{ARCHIVE}/bin/python",
    ]  # fmt: skip
    with MiniYarn(run) as yarn:
        right = Trial(yarn, nodes, run, "cluster", carried).both()
        nodes.install_the_wheel()
        os.environ["PYSPARK_PYTHON"] = str(nodes.python)
        right &= Trial(yarn, nodes, run, "client", []).both()
    return int(not right)


@dataclass(frozen=True)
class Trial:
    """Both programs in one deploy mode, with the flags by which the nodes find the connector."""

    yarn: MiniYarn
    nodes: Nodes
    run: Path
    mode: str
    flags: list[str]

    def both(self) -> bool:
        """Return whether both have counted right."""
        old = self._told("FlumeUtils", self._flume_utils)
        return self._told('format("flume")', self._structured) and old

    def _told(self, name: str, attempt: Callable[[Path], None]) -> bool:
        folder = self.run / f"{self.mode}-{attempt.__name__.strip('_')}"
        folder.mkdir()
        began = time.monotonic()
        try:
            attempt(folder)
            wrong: Exception | None = None
        except (TimeoutError, SendFailed) as failed:
            wrong = failed
        verdict = f"WRONG: {wrong}" if wrong else f"{LINES + 1:,} lines counted, each once"
        took = time.monotonic() - began
        print(f"yarn: {self.mode} mode, {name}: {verdict} ({took:.0f} s)", flush=True)
        return wrong is None

    def _flume_utils(self, folder: Path) -> None:
        """An old program, whose receiver Spark starts on an executor."""
        port = free_port()
        self._count(folder, [OLD_PROGRAM, port, folder / "checkpoint"], of_dstream, port)

    def _structured(self, folder: Path) -> None:
        """A query over a shared folder.

        In client mode its driver listens. In cluster mode the driver may be on any node, so a
        receiver of its own listens.
        """
        port = free_port()
        landing = folder / "landing"
        program: list[object] = [NEW_PROGRAM, landing, folder / "checkpoint"]
        with ExitStack() as stack:
            if self.mode == "cluster":
                options = ["--landing", str(landing), "--host", HOST, "--port", str(port)]
                command = [str(self.nodes.carried_python), "-m", "pyspark_flume.receiver", *options]
                stack.enter_context(LoggedProcess(command, folder / "receiver.log", {}))
            else:
                program.append(port)
            self._count(folder, program, of_console, port)

    def _count(self, folder: Path, program: Sequence[object], counts: Counts, port: int) -> None:
        command = [*self.flags, *map(str, program)]
        job = Job(self.yarn, self.nodes, folder, self.mode, command, counts)
        try:
            # Some pages are asked for twice as often as others.
            job.count(port, [f"/page/{number * number % PAGES}" for number in range(LINES)])
        finally:
            job.end()


if __name__ == "__main__":
    sys.exit(main())
