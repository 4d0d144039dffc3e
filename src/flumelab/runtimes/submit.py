"""Starts a streaming program with a checkpoint that fits it.

    python -m flumelab.runtimes.submit [--keep] PROGRAM [spark-submit option]…

A checkpoint of DStreams holds the program itself, so one of an older text, or of another address,
must not be taken up again: each has a folder of its own. That of Structured Streaming only says how
far its queries have come; ``--keep`` as the first argument keeps it for any text.

From the environment: `CHECKPOINT_ROOT` (a folder that driver and workers share), `SPARK_MASTER`,
`SPARK_PROPERTIES` (the file of Spark's settings), `SPARK_JARS` (what the program needs beside
Spark's own jars, if anything), and what the program itself reads. Further arguments go to
spark-submit. SIGTERM asks the program to count what was received and to end (see
`flumelab.programs.stop`).
"""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

# What Flume was answered OK for survives a kill of the driver. It is written into the checkpoint,
# so a program without one could not receive.
WRITE_AHEAD = ("--conf", "spark.streaming.receiver.writeAheadLog.enable=true")

# Of each DStream, that it is deprecated: it is what a lesson on DStreams is about. Of each udf() of
# a function with type hints, that these do not say whether it takes Arrow's columns.
HARMLESS = ("DStream is deprecated", "Cannot infer the eval type from type hints")

PART_OF_A_CHECKPOINT = (
    *("RECEIVER_HOST", "RECEIVER_PORT", "FLUME_AGENTS"),
    *("RESULTS_URL", "SPARK_MASTER"),
)


def main(program: Path, options: list[str], keep: bool) -> int:
    """Run until SIGTERM or the program's end; returns its exit code."""
    root = Path(os.environ["CHECKPOINT_ROOT"])
    checkpoint = root / program.stem if keep else checkpoint_of(program, root)
    if not keep and checkpoint.exists():
        print(f"{program.name}: was not stopped, goes on from {checkpoint}", file=sys.stderr)
    checkpoint.mkdir(parents=True, exist_ok=True)  # Spark warns where there is none
    stop_file = root / f"{program.stem}.stop"
    stop_file.unlink(missing_ok=True)
    # Not SIGTERM to Spark: in local mode its executor would end before the last batches do.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: stop_file.touch())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    master = ["--master", os.environ["SPARK_MASTER"]]
    master += ["--properties-file", os.environ["SPARK_PROPERTIES"]]
    jars = ("--jars", os.environ["SPARK_JARS"]) if os.environ.get("SPARK_JARS") else ()
    write_ahead = () if keep else WRITE_AHEAD
    command = ["spark-submit", *master, *write_ahead, *jars, *options, str(program)]
    environment = {
        "CHECKPOINT_DIR": str(checkpoint),
        "STOP_FILE": str(stop_file),
        "PYTHONWARNINGS": ",".join(f"ignore:{message}" for message in HARMLESS),
    }
    return subprocess.run(command, env=os.environ | environment, check=False).returncode


def checkpoint_of(program: Path, root: Path) -> Path:
    """The folder for this very text of the program and these settings."""
    parts = [program.read_text(), *(os.environ.get(name, "") for name in PART_OF_A_CHECKPOINT)]
    return root / f"{program.stem}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:12]}"


if __name__ == "__main__":
    arguments = sys.argv[1:]
    keep = arguments[:1] == ["--keep"]
    if len(arguments) == keep:
        print(
            "usage: python -m flumelab.runtimes.submit [--keep] PROGRAM [spark-submit option]…",
            file=sys.stderr,
        )
        sys.exit(2)
    sys.exit(main(Path(arguments[keep]), arguments[keep + 1 :], keep))
