"""The archive for a room without internet, in its light form: started with the network cut off."""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tools.bundle import __main__ as bundle
from tools.bundle import try_offline

LINES = 700


def _require_namespaces() -> None:
    tried = subprocess.run([*try_offline.CUT_OFF, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("a network of its own needs root, unshare and ip")


def test_the_archive_starts_the_lab_with_the_network_cut_off(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _require_namespaces()
    monkeypatch.setattr(bundle.docs, "build", partial(shutil.copytree, site))  # it takes 8 s
    archive = bundle.build(tmp_path, light=True, images=False)
    top = try_offline.unpack(archive, tmp_path)
    for page in ("index.html", "search.html", "docs/tutorial/exercises.html"):
        assert (top / "site" / page).exists(), page
    environment = try_offline.plain_environment() | {"LAB_VENV": sys.prefix}
    try:
        lab = ["--local", "lab", "--runtime", "local", "--lines", str(LINES)]
        printed = try_offline.cut_off(top, lab, environment)
        assert f"{LINES:,} of {LINES:,} lines counted" in printed
        assert try_offline.BALANCED in printed
        assert (top / "lab/.lab/local/results.db").exists(), "the archive's own lab ran"
    finally:
        try_offline.cut_off(top, ["--local", "stop"], environment)


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
