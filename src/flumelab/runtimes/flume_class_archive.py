"""An archive of Flume's classes (see `class_data_sharing`): an agent then starts in half the time.

It is in the folder ``class-archive`` beside Flume's home, together with an empty folder: a JVM
takes no archive whose class path has a folder with files, and Flume's conf folder is on its class
path. Beside it, since Maven makes the home anew; the jars in it keep their times.
`flume-conf/agent` uses both. If Java or a jar has changed, the JVM starts without the archive.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from flumelab import flume_metrics
from flumelab.errors import LabError
from flumelab.runtimes.class_data_sharing import QUICK_JVM
from flumelab.runtimes.port_probe import free_port

FOLDER = "class-archive"
START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 90
POLL_SECONDS = 0.2
LINES = "one\ntwo\n"
CONF = """\
lab.sources = spool avro
lab.channels = memory file
lab.sinks = spark none
lab.sources.spool.type = spooldir
lab.sources.spool.spoolDir = {folder}/spool
lab.sources.spool.channels = memory
lab.channels.memory.type = memory
lab.sinks.spark.type = avro
lab.sinks.spark.channel = memory
lab.sinks.spark.hostname = 127.0.0.1
lab.sinks.spark.port = {port}
lab.sources.avro.type = avro
lab.sources.avro.bind = 127.0.0.1
lab.sources.avro.port = {port}
lab.sources.avro.channels = file
lab.channels.file.type = file
lab.channels.file.checkpointDir = {folder}/checkpoint
lab.channels.file.dataDirs = {folder}/data
lab.sinks.none.type = null
lab.sinks.none.channel = file
"""
"""What an agent of the lab loads: it sends itself a file."""


def file(home: Path) -> Path:
    """Return the place of a Flume's archive."""
    return home.with_name(FOLDER) / "flume.jsa"


def make(root: Path, home: Path) -> None:
    """Write the archive of a checkout's Flume; raises `LabError` with the end of Flume's log."""
    archive = file(home)
    shutil.rmtree(archive.parent, ignore_errors=True)
    (archive.parent / "conf").mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "log"
        with log.open("wb") as output:
            port = free_port()
            agent = _start(root, home, Path(name), port, output.fileno())
            ended = False
            try:
                _wait_until_connected(agent, port)
                agent.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    agent.wait(STOP_SECONDS_MAX)
                    ended = True
            finally:
                agent.kill()
                agent.wait()
        if not ended:
            archive.unlink(missing_ok=True)  # it may be half written
        if not archive.exists():
            end = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise LabError(f"an agent could not write {archive}:\n{end}")


def _start(
    root: Path, home: Path, folder: Path, metrics_port: int, output: int
) -> "subprocess.Popen[bytes]":
    (folder / "spool").mkdir()
    (folder / "spool" / "lines").write_text(LINES)
    conf = folder / "agent.conf"
    conf.write_text(CONF.format(folder=folder, port=free_port()))
    environment = os.environ | {
        "FLUME_HOME": str(home),
        "FLUME_CONF": str(conf),
        "FLUME_METRICS_PORT": str(metrics_port),
        "FLUME_JAVA_OPTS": f"-Xmx256m {QUICK_JVM} -XX:ArchiveClassesAtExit={file(home)}",
        "FLUMELINT": "true",
        # What the user has set for other agents.
        "FLUME_AGENT": "lab",
        "FLUME_CLASSPATH": "",
        "FLUME_METRICS_DIR": "",
    }
    command = [str(root / "flume-conf" / "agent")]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )


def _wait_until_connected(agent: "subprocess.Popen[bytes]", metrics_port: int) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while agent.poll() is None and time.monotonic() < deadline:
        if flume_metrics.is_connected(metrics_port):
            return
        time.sleep(POLL_SECONDS)
