"""Spark, started in half the CPU: what it loads is read as made, and not worked out each time.

    python -m flumelab.runtimes.class_data_sharing FILE

makes the file: runs `warm_up` on Spark, whose JVM writes at its end the classes that it has loaded
and verified (dynamic class data sharing, JEP 350). A JVM with `java_options` takes it where Java
and the class path are the same, and otherwise starts as it would without. Spark's conf directory is
on the class path, and must be empty for this: so a program's settings come by
``--properties-file``.

Python's part is ``pyspark.zip``, in which each of Spark's Python processes looks first. It comes
with sources only, so that each process would compile what it imports, for a second: here it gets
them compiled, too.
"""

import compileall
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from py_compile import PycInvalidationMode

from flumelab.errors import LabError

QUICK_JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""A JVM starts in half the time without the optimising compiler."""

NEVER_IMPORTED = re.compile(r"/pyspark/(?:pandas|(?:.*/)?(?:tests|testing|connect))/")
"""By the lab's programs; most of PySpark's modules."""

PROGRAM = Path(__file__).with_name("class_data_sharing_program.py")


def java_options(file: Path) -> str:
    """For a JVM that is to use the archive; one that does not fit is passed over in silence."""
    return f'"-XX:SharedArchiveFile={file}" -Xlog:cds*=error'


def make(file: Path) -> None:
    """Write the archive; raises `LabError` with the end of Spark's log."""
    import pyspark  # takes a tenth of a second

    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    home = Path(pyspark.__file__).parent
    (home / "conf").mkdir(exist_ok=True)  # from Java 19 on it must exist
    compile_zip(home / "python/lib/pyspark.zip")
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
    shutil.rmtree(home / "work", ignore_errors=True)  # of the program's own worker
    if done.returncode or not file.exists():
        said = (done.stdout + done.stderr).splitlines()
        end = "\n".join([line for line in said if " INFO " not in line][-15:])
        raise LabError(f"{file} could not be made by spark-submit {command[-1]}:\n{end}")


def compile_zip(file: Path) -> None:
    """Put beside each module of a zip what Python compiles it to; as often as one likes."""
    with tempfile.TemporaryDirectory(dir=file.parent) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Spark's sources: nothing that the reader could mend
        modules = Path(folder) / "modules"
        shutil.unpack_archive(file, modules)
        compileall.compile_dir(
            modules,
            ddir=file,  # for tracebacks
            quiet=2,
            legacy=True,  # beside it
            rx=NEVER_IMPORTED,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )
        Path(shutil.make_archive(f"{folder}/compiled", "zip", modules)).replace(file)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m flumelab.runtimes.class_data_sharing FILE")
    make(Path(sys.argv[1]))
