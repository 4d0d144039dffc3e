"""Lines that the generator makes, or a log that it sends at a rate, for a lab of own files."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from flumelab.errors import LabError
from flumelab.own.inputs import LogFile

POLL_SECONDS = 0.05


def batches(options: Sequence[str], root: Path) -> Generator[LogFile, None, None]:
    """Run the generator, and yield each file that it publishes; the file is removed afterwards.

    Raises `LabError` if the generator fails.

    :param options: its options for lines, rate, seed and replay
    :param root: the repo, in which it is found
    """
    with tempfile.TemporaryDirectory(prefix="flumelab-feed-") as made:
        spool = Path(made, "spool")
        spool.mkdir()
        command = [sys.executable, "-m", "loadgen", "--spool", str(spool)]
        command += ["--ledger", str(Path(made, "ledger.jsonl")), *options]
        generator = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL)
        try:
            ended = False
            while not ended:
                ended = generator.poll() is not None  # a look after its end finds the last files
                for file in sorted(spool.glob("[!.]*.log")):
                    yield LogFile(file)
                    file.unlink(missing_ok=True)
                time.sleep(POLL_SECONDS)
        finally:
            generator.terminate()
            generator.wait()
        if generator.returncode:
            raise LabError("the generator has failed; see above")
