"""A zip whose modules are compiled once, instead of by each process that imports them."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from flumelab.runtimes.compiled_zip import compile_zip

SHOW = "import package.module as m; print(m.__file__, m.VALUE); m.fail()"


def run(zipped: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(zipped)}
    return subprocess.run(
        [sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=False
    )


def test_a_process_imports_what_was_compiled_and_names_the_source(tmp_path: Path) -> None:
    zipped = tmp_path / "package.zip"
    with zipfile.ZipFile(zipped, "w") as file:
        file.writestr("package/__init__.py", "")
        file.writestr("package/module.py", "VALUE = 7\ndef fail():\n    return 1 / 0\n")
        file.writestr("package/notes.txt", "kept")

    compile_zip(zipped)
    compile_zip(zipped)

    done = run(zipped)
    assert done.stdout == f"{zipped}/package/module.pyc 7\n"
    assert f'File "{zipped}/package/module.py", line 3, in fail' in done.stderr
    with zipfile.ZipFile(zipped) as file:
        assert file.read("package/notes.txt") == b"kept"
    assert list(tmp_path.iterdir()) == [zipped]
