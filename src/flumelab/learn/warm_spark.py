"""Keeps a JVM of Spark up between checks, so that a program need not wait for one to start.

    python -m flumelab.learn.warm_spark FOLDER

starts the JVM and writes its port, its secret and the pid to FOLDER/spark.json. A program that has
`PYSPARK_GATEWAY_PORT` and `PYSPARK_GATEWAY_SECRET` in its environment attaches to the JVM,
and makes a SparkContext of its own there. This process ends, and the JVM with it, if nobody has
touched the file for `IDLE_SECONDS`, or once the file is gone.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from flumelab.errors import LabError
from flumelab.runtimes.processes import has_ended, kill, wait_until_ended

IDLE_SECONDS = 15 * 60
START_SECONDS_MAX = 90
STOP_SECONDS_MAX = 10
POLL_SECONDS = 0.1
LOG_LINES = 15


@dataclass(frozen=True)
class WarmSpark:
    """A JVM that programs can attach to.

    :param pid: of the process that keeps it, which started at `started` (a Unix time)
    :param key: what the JVM was started with; another key needs another JVM
    """

    port: int
    secret: str
    pid: int
    started: float
    key: str

    @property
    def variables(self) -> dict[str, str]:
        """What makes a program attach to it."""
        return {"PYSPARK_GATEWAY_PORT": str(self.port), "PYSPARK_GATEWAY_SECRET": self.secret}

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < 0.01
            return same and not has_ended(process)
        except psutil.NoSuchProcess:
            return False

    def gateway(self) -> Any:
        """Return a connection of Py4J to the JVM, to be closed after use."""
        from py4j.java_gateway import GatewayParameters, JavaGateway

        parameters = GatewayParameters(
            port=self.port, auth_token=self.secret, auto_convert=True, read_timeout=60
        )
        return JavaGateway(gateway_parameters=parameters)

    def clear(self) -> None:
        """Stop what a program has left: its streams, its queries and its SparkContext."""
        gateway = self.gateway()
        try:
            _clear(gateway.jvm)
        finally:
            gateway.close()


def _clear(jvm: Any) -> None:
    streams = jvm.org.apache.spark.streaming.StreamingContext.getActive()
    if streams.isDefined():
        streams.get().stop(False, False)
    contexts = getattr(getattr(jvm.org.apache.spark, "SparkContext$"), "MODULE$")
    context = contexts.getActive()
    if context.isDefined():
        context.get().stop()
    session = jvm.org.apache.spark.sql.classic.SparkSession
    session.clearActiveSession()
    session.clearDefaultSession()


def record(folder: Path) -> WarmSpark | None:
    """Return the JVM that the folder names, if it runs."""
    try:
        found = WarmSpark(**json.loads((folder / "spark.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.alive else None


def ensure(folder: Path, environment: Mapping[str, str], key: str) -> WarmSpark:
    """Return a running JVM, started if need be; raises `LabError` with the log if it cannot be."""
    found = record(folder)
    if found and found.key == key:
        (folder / "spark.json").touch()
        return found
    stop(folder)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "spark.log"
    command = [sys.executable, "-m", "flumelab.learn.warm_spark", str(folder), key]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS_MAX
    while not (found := record(folder)):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
            raise LabError("\n".join(["Spark's JVM does not start:", *lines, f"({log})"]))
        time.sleep(POLL_SECONDS)
    return found


def stop(folder: Path) -> bool:
    """End the JVM; return whether there was one."""
    found = record(folder)
    (folder / "spark.json").unlink(missing_ok=True)
    if not found:
        return False
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(found.pid)
        children = process.children(recursive=True)
        process.terminate()
        left = wait_until_ended([process, *children], STOP_SECONDS_MAX)
        kill(left)
        wait_until_ended(left, STOP_SECONDS_MAX)
    return True


def main(folder: Path, key: str) -> None:
    """Start the JVM, say where it is, and keep it while it is used."""
    from pyspark.java_gateway import launch_gateway

    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))
    gateway = launch_gateway()
    jvm: subprocess.Popen[bytes] = gateway.proc
    where = gateway.gateway_parameters
    mine = psutil.Process()
    warm = WarmSpark(where.port, where.auth_token, mine.pid, mine.create_time(), key)
    file = folder / "spark.json"
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(json.dumps(asdict(warm)))
    new.replace(file)
    try:
        while jvm.poll() is None and _is_used(file):
            time.sleep(1)
    finally:
        file.unlink(missing_ok=True)
        jvm.terminate()


def _is_used(file: Path) -> bool:
    try:
        return time.time() - file.stat().st_mtime < IDLE_SECONDS
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m flumelab.learn.warm_spark FOLDER KEY")
    main(Path(sys.argv[1]), sys.argv[2])
