"""Starts a streaming program with a checkpoint that fits it: ``python -m flumelab.driver PROGRAM``.

A checkpoint holds the program itself, so that one of an older text, or of another address, must
not be taken up again. After a clean stop all that was received has been counted and none is
needed: Spark would only make up for each second of the pause. After a crash it is, with the
write-ahead log in it: nothing that Flume was answered OK for is missing.

From the environment: `CHECKPOINT_ROOT` (a folder that driver and workers share), `SPARK_MASTER`,
and what the program itself reads. Further arguments go to spark-submit.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

PART_OF_A_CHECKPOINT = ("RECEIVER_HOST", "RECEIVER_PORT", "RESULTS_URL", "SPARK_MASTER")


def main(program: Path, options: list[str]) -> int:
    """Run until SIGTERM or the program's end; returns its exit code, 0 after a clean stop."""
    checkpoint = checkpoint_of(program, Path(os.environ["CHECKPOINT_ROOT"]))
    if checkpoint.exists():
        print(f"{program.name}: not stopped cleanly, goes on from {checkpoint}", file=sys.stderr)
    command = ["spark-submit", "--master", os.environ["SPARK_MASTER"], *options, str(program)]
    spark = subprocess.Popen(command, env=os.environ | {"CHECKPOINT_DIR": str(checkpoint)})
    asked_to_stop = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True
        # To Spark alone: the program's Python still has batches to count.
        spark.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    code = spark.wait()
    if asked_to_stop and code == 128 + signal.SIGTERM:
        shutil.rmtree(checkpoint, ignore_errors=True)
        return 0
    return code


def checkpoint_of(program: Path, root: Path) -> Path:
    """The folder for this very text of the program and these settings."""
    parts = [program.read_text(), *(os.environ.get(name, "") for name in PART_OF_A_CHECKPOINT)]
    return root / f"{program.stem}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:12]}"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print("usage: python -m flumelab.driver PROGRAM [spark-submit option]…", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
