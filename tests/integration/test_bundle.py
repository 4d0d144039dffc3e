"""The script that starts the archive for a room without internet."""

import os
import shutil
import subprocess
from pathlib import Path

from tools.bundle import __main__ as bundle


def test_start_says_what_is_missing(tmp_path: Path) -> None:
    start = tmp_path / "start"
    shutil.copy2(Path(bundle.__file__).with_name("start"), start)
    (tmp_path / "lab").mkdir()
    (tmp_path / "bin").mkdir()
    for name in ("dirname", "sh"):
        found = shutil.which(name)
        assert found
        (tmp_path / "bin" / name).symlink_to(found)

    def says(*arguments: str) -> str:
        done = subprocess.run(
            [str(start), *arguments],
            env={"PATH": str(tmp_path / "bin"), "HOME": os.environ["HOME"]},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        return done.stderr

    assert says() == "start: java is not there; install Java 17 or later, or use Docker\n"
    assert says("--docker") == "start: no Docker engine answers; start it, or use --local\n"
    (tmp_path / "bin/java").symlink_to("/bin/true")
    assert says("learn").startswith("start: python3 is not there; install Python 3.11 or later")
