"""Starts the archive with the network cut off: make bundle-test.

It builds the whole archive and unpacks it. Without Docker, packages are installed from wheels/ and
the lab and an exercise run in a network of their own that has no route. With Docker, the images are
loaded, and none may be pulled or built.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from flumelab.runtimes.docker_compose import engine_version
from flumelab.runtimes.port_probe import free_port
from flumelab.settings import PORTS
from tools.bundle import __main__ as bundle

CUT_OFF = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "cut-off")
"""Runs a command where only loopback is up; needs root."""
BALANCED = "BALANCED: nothing lost, nothing counted twice"


def main() -> None:
    """Build, unpack and start; the exit code is 1 if anything fails."""
    out = bundle.ROOT / "dist"
    archive = bundle.build(out, light=False, images=True)
    print(f"{archive}  {archive.stat().st_size / 1e6:,.0f} MB", flush=True)
    with tempfile.TemporaryDirectory(dir=out, prefix="offline-") as folder:
        top = unpack(archive, Path(folder))
        for each in sorted(top.iterdir()):
            print(f"  {_size(each) / 1e6:>7,.0f} MB  {each.name}", flush=True)
        _without_docker(top)
        if (top / "images").exists() and engine_version():
            _with_docker(top)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack the archive; return its top folder."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / bundle.NAME


def cut_off(top: Path, arguments: list[str], environment: Mapping[str, str]) -> str:
    """Run ./start without a route to anywhere; return what it prints, and fail if it does."""
    done = subprocess.run(
        [*CUT_OFF, str(top / "start"), *arguments],
        env=dict(environment), stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"./start {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def plain_environment() -> dict[str, str]:
    """An environment in which nothing leads to this checkout or to a registry."""
    kept = ("HOME", "LANG", "JAVA_HOME", "TERM")
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    outside = [each for each in path if not Path(each).is_relative_to(bundle.ROOT)]
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "PATH": os.pathsep.join(outside),
        "PYTHON": str(Path(sys.base_prefix) / "bin" / "python3"),
        **{port.variable: str(free_port()) for port in PORTS.values()},
    }


def _without_docker(top: Path) -> None:
    environment = plain_environment()
    printed = cut_off(top, ["--local"], environment)
    print(printed, flush=True)
    if BALANCED not in printed:
        sys.exit("the lab's ledger is not balanced")
    cut_off(top, ["--local", "stop"], environment)
    exercise = top / "lab/exercises/01-first-conf"
    solution = top / "lab/solutions/01-first-conf"
    for file in solution.iterdir():
        shutil.copy2(file, exercise / file.name)
    print(cut_off(top, ["--local", "learn", "check", "first-conf"], environment), flush=True)
    cut_off(top, ["--local", "learn", "stop"], environment)


def _with_docker(top: Path) -> None:
    """Nothing may be pulled or built, so only images of the archive can run."""
    environment = plain_environment() | {"COMPOSE_PROJECT_NAME": "flumelab-tried"}
    compose = ["docker", "compose", "--project-name", "flumelab-tried"]
    try:
        print(cut_off(top, ["--docker"], environment), flush=True)
        command = "python -m flumelab.programs.result_store"
        counted = subprocess.run(
            [*compose, "exec", "-T", "url-counts", *command.split()],
            cwd=top / "lab", env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        print(counted.stdout[:200], flush=True)
    finally:
        subprocess.run(
            [*compose, "down", "--volumes"],
            cwd=top / "lab", env=environment, check=False,
        )  # fmt: skip


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in (path, *path.rglob("*")) if each.is_file())


if __name__ == "__main__":
    main()
