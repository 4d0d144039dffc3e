"""Starts a streaming program with a checkpoint that fits it.

    python -m flumelab.runtimes.submit [--keep] PROGRAM [spark-submit option]…

A checkpoint of DStreams contains the program itself. It must not be used after the program's text
or addresses have changed, so each text and set of addresses has a folder of its own. A checkpoint
of Structured Streaming only records how far its queries have read; with ``--keep`` as the first
argument, the program keeps one folder even if its text changes.

Variables: `CHECKPOINT_ROOT` (a folder that driver and workers share), `SPARK_MASTER`,
`SPARK_PROPERTIES` (the file of Spark's settings), `SPARK_JARS` (jars that the program needs besides
Spark's own, if any), and those that the program itself reads. Further arguments are passed to
spark-submit. On SIGTERM, the program counts what it has received and then ends (see
`flumelab.programs.stop`).
"""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

# Events that were answered OK survive a kill of the driver. The log is written into the checkpoint,
# so a program without a checkpoint could not receive.
WRITE_AHEAD = ("--conf", "spark.streaming.receiver.writeAheadLog.enable=true")

# Spark warns that each DStream is deprecated, and that the type hints of each udf() do not say
# whether it expects Arrow columns. Neither helps the reader of a lesson.
IGNORED_WARNINGS = ("DStream is deprecated", "Cannot infer the eval type from type hints")

VARIABLES_IN_A_CHECKPOINT = (
    *("RECEIVER_HOST", "RECEIVER_PORT", "FLUME_AGENTS"),
    *("RESULTS_URL", "SPARK_MASTER"),
)


def main(program: Path, options: list[str], keep: bool) -> int:
    """Run the program until it ends, by itself or after SIGTERM; return its exit code."""
    root = Path(os.environ["CHECKPOINT_ROOT"])
    checkpoint = root / program.stem if keep else checkpoint_of(program, root)
    if not keep and checkpoint.exists():
        print(f"{program.name}: was not stopped; it continues from {checkpoint}", file=sys.stderr)
    checkpoint.mkdir(parents=True, exist_ok=True)  # Spark warns if it is missing
    stop_file = root / f"{program.stem}.stop"
    stop_file.unlink(missing_ok=True)
    # Spark does not get the SIGTERM: in local mode its executor would end before the last batches.
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
        "PROGRESS_FILE": str(root / f"{program.stem}.progress.json"),
        "PYTHONWARNINGS": ",".join(f"ignore:{message}" for message in IGNORED_WARNINGS),
    }
    return subprocess.run(command, env=os.environ | environment, check=False).returncode


def checkpoint_of(program: Path, root: Path) -> Path:
    """Return the folder for the program's current text and addresses."""
    parts = [program.read_text(), *(os.environ.get(name, "") for name in VARIABLES_IN_A_CHECKPOINT)]
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
