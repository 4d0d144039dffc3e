"""Install what was built, from files alone, into clean environments, and try it."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

CONF_WITH_A_MISTAKE = "a1.channels = c1,\n"


class CleanEnvironment:
    """A new virtual environment; what is required comes from the lock."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.bin = folder / "bin"
        self.packages = next((folder / "lib").glob("python3*/site-packages"))
        self._folder = folder

    def pip(self, *arguments: object) -> None:
        """Run pip in it."""
        self.run("python", "-m", "pip", "--disable-pip-version-check", *arguments)

    def run(self, program: str, *arguments: object, expect: int = 0) -> str:
        """Run a program of it, apart from the checkout, and return what it prints."""
        done = subprocess.run(
            [self.bin / program, *map(str, arguments)],
            cwd=self._folder,
            stdout=subprocess.PIPE,
            text=True,
        )
        if done.returncode != expect:
            raise SystemExit(f"release: {program} {arguments} ended with {done.returncode}")
        return done.stdout

    def files(self) -> set[str]:
        """Each installed file, without what Python compiles."""
        return {
            file.relative_to(self._folder).as_posix()
            for file in self._folder.rglob("*")
            if file.is_file() and file.suffix != ".pyc"
        }


def install_and_try(root: Path, distributions: Sequence[Path], folder: Path) -> None:
    """Install each distribution, run it, and remove it again.

    :raises SystemExit: what failed; the program's own message stands above it
    """
    wheels = {file.name.split("-")[0]: file for file in distributions if file.suffix == ".whl"}
    archives = [file for file in distributions if file.suffix == ".gz"]
    _try_the_linter(wheels["flumelint"], folder)
    _try_the_archives(root, archives, wheels, folder)
    _try_all(root, list(wheels.values()), folder)


def _try_the_linter(wheel: Path, folder: Path) -> None:
    clean = CleanEnvironment(folder / "linter")
    clean.pip("install", "-q", "--no-index", wheel)
    (folder / "linter/my.conf").write_text(CONF_WITH_A_MISTAKE)
    said = clean.run("flumelint", "my.conf", expect=1)
    _expect("my.conf:1:17: idle" in said, f"flumelint said: {said}")


def _try_the_archives(
    root: Path, archives: Sequence[Path], wheels: dict[str, Path], folder: Path
) -> None:
    """A wheel made from a source archive has the files of the wheel, but for the SBOM."""
    clean = CleanEnvironment(folder / "archives")
    clean.pip("install", "-q", "--require-hashes", "-r", root / "requirements/build.txt")
    for archive in archives:
        made = folder / "made"
        clean.pip(
            "wheel", "-q", "--no-deps", "--no-index", "--no-build-isolation", "-w", made, archive
        )
        name = archive.name.split("-")[0]
        (again,) = made.glob(f"{name}-*.whl")
        lists = [
            clean.run("python", "-m", "zipfile", "-l", wheel) for wheel in (again, wheels[name])
        ]
        names = [
            {line.split()[0] for line in each.splitlines()[1:] if "/sboms/" not in line}
            for each in lists
        ]
        _expect(names[0] == names[1], f"{archive.name} makes another wheel: {names[0] ^ names[1]}")


def _try_all(root: Path, wheels: Sequence[Path], folder: Path) -> None:
    """All wheels together: pip agrees with what they require, they start, and nothing stays."""
    clean = CleanEnvironment(folder / "all")
    # As the Makefile: PySpark is a source archive whose wheel need not be compressed.
    clean.pip("install", "-q", "--require-hashes", "-r", root / "requirements/build.txt")
    clean.pip(
        *("install", "-q", "--require-hashes", "--no-build-isolation", "--use-pep517"),
        *("--config-settings=--build-option=--compression=stored",),
        *("-r", root / "requirements/spark.txt"),
    )
    before = clean.files()
    clean.pip("install", "-q", "--no-index", *wheels)
    clean.run("python", "-m", "pip", "check")
    said = clean.run(
        *("python", "-c"),
        "from pyspark.streaming.flume import FlumeUtils; print(FlumeUtils.__module__)",
    )
    _expect(said.strip() == "pyspark_flume.dstream", f"FlumeUtils comes from {said}")
    _expect("Usage: flumelab" in clean.run("flumelab", "--help"), "flumelab --help is not its help")
    clean.pip("uninstall", "-q", "-y", "flumelab", "pyspark-flume", "flumelint")
    left = clean.files() ^ before
    _expect(not left, f"pip uninstall leaves or takes {sorted(left)}")


def _expect(right: bool, otherwise: str) -> None:
    if not right:
        sys.exit(f"release: {otherwise}")
