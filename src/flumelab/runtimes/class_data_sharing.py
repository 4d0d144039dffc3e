"""Class data sharing (JEP 350): Spark's JVMs load classes from an archive instead of parsing them.

    python -m flumelab.runtimes.class_data_sharing FILE

writes the archive, and compiles PySpark's zip (see `compiled_zip`). It runs
class_data_sharing_program.py on Spark; when that JVM exits, it writes the classes that it has
loaded and verified. Spark then starts in half the CPU time. A JVM with `java_options` uses the
archive if its Java and its class path are the same, and otherwise starts without it. Spark's conf
directory is on the class path and must be empty for this, so a program gets its settings from
``--properties-file``.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from flumelab.errors import LabError
from flumelab.runtimes.compiled_zip import compile_zip, pyspark_zip

QUICK_JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""With these options a JVM starts in half the time, because the optimising compiler is off."""

PROGRAM = Path(__file__).with_name("class_data_sharing_program.py")
LOG_LINES = 15


def java_options(archive: Path) -> str:
    """Return the options that make a JVM use the archive, if it is there.

    The JVM ignores one that does not fit, but complains of one that is missing.
    """
    return f'"-XX:SharedArchiveFile={archive}" -Xlog:cds*=error' if archive.exists() else ""


def make_archive(file: Path) -> None:
    """Write the archive; if that fails, raise `LabError` with the end of Spark's log."""
    import pyspark  # takes a tenth of a second

    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    home = Path(pyspark.__file__).parent
    (home / "conf").mkdir(exist_ok=True)  # from Java 19 on it must exist
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONF_DIR": "",
        "SPARK_LAUNCHER_OPTS": QUICK_JVM,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_SUBMIT_OPTS": f'{QUICK_JVM} "-XX:ArchiveClassesAtExit={file}"',
    }
    command = ["spark-submit", "--conf", "spark.ui.port=0", str(PROGRAM)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    shutil.rmtree(home / "work", ignore_errors=True)  # left by the program's own worker
    if done.returncode or not file.exists():
        log = (done.stdout + done.stderr).splitlines()
        end = "\n".join([line for line in log if " INFO " not in line][-LOG_LINES:])
        raise LabError(f"spark-submit {PROGRAM} could not write {file}:\n{end}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m flumelab.runtimes.class_data_sharing FILE")
    compile_zip(pyspark_zip())
    make_archive(Path(sys.argv[1]))
