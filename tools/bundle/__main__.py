"""Packs the lab for a room without internet: make bundle.

python -m tools.bundle [--light] [--images no] [--out dist]

flumelab-offline/  start  READ-ME-FIRST.txt  lab/ (the checkout with its jars)
                   wheels/  images/  site/ (the docs)
"""

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from flumelab.errors import LabError
from flumelab.runtimes import flume_class_archive, local_build
from flumelab.runtimes.docker_compose import engine_version
from flumelab.runtimes.servers import SERVERS
from tools.docs import site as docs

NAME = "flumelab-offline"
ROOT = Path(__file__).parents[2]
LOCKS = ("build", "spark", "outlets")
JARS = (
    "connector/java/receiver/target/pyspark-flume-receiver.jar",
    "connector/java/flume-plugins/target/*.jar",
    "connector/java/spark-sink/target/*.jar",
    "runtimes/flume/target",
)
SERVER_JARS = (
    "runtimes/kafka/target",
    "runtimes/s3-server/target",
    "runtimes/spark-packages/target",
)
IMAGES = ("loadgen", "flume", "spark", *SERVERS)
BUILT_BY = {"spark": "spark-master"}
PROJECT = NAME
"""The prefix of the images' names: apart from those that a lab of this machine has."""
REQUIREMENT = re.compile(r"^([a-z0-9][\w.\-]*==[^\\]+?)\s*\\?$", re.MULTILINE)
FIRST = """\
The lab without the internet
============================

  ./start          starts the lab, with Docker or without; ./start --help says more
  site/index.html  the docs, in a browser, with search
  site/docs/tutorial/exercises.html   the exercises:  ./start learn

Where a page says .venv/bin/flumelab or flumelab, type ./start; for flumelint, ./start flumelint.
The files that you edit are in lab/.

Made for {system}. {python}
{images}
All packages, jars and images are here; nothing is fetched. SHA256SUMS has their digests.
"""


def main() -> None:
    """Build the archive and print its path and size."""
    parser = argparse.ArgumentParser(prog="tools.bundle", description=__doc__.splitlines()[0])
    parser.add_argument("--light", action="store_true", help="no wheels, no images, no servers")
    parser.add_argument("--images", choices=("auto", "no"), default="auto")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    options = parser.parse_args()
    try:
        archive = build(options.out, options.light, options.images == "auto")
    except (LabError, subprocess.CalledProcessError) as error:
        sys.exit(f"bundle: {error}")
    print(f"{archive}  {archive.stat().st_size / 1e6:,.0f} MB")


def build(out: Path, light: bool, images: bool) -> Path:
    """Return the archive.

    :param light: without wheels, images and servers, for a machine that has the packages
    """
    out.mkdir(parents=True, exist_ok=True)
    local_build.build(ROOT, () if light else SERVERS, _report)
    with tempfile.TemporaryDirectory(dir=out, prefix="bundle-") as made:
        top = Path(made) / NAME
        _copy_checkout(top / "lab")
        _copy_jars(top / "lab", JARS if light else (*JARS, *SERVER_JARS))
        _report("rendering the docs")
        docs.build(top / "site")
        has_images = not light and images and engine_version() is not None
        if not light:
            _wheels(top / "wheels")
        if has_images:
            _images(top / "images")
        shutil.copy2(Path(__file__).with_name("start"), top / "start")
        _describe(top, light, has_images)
        return _packed(top, out / f"{NAME}{'-light' if light else ''}.tar")


def _copy_checkout(lab: Path) -> None:
    """Copy what git knows, committed or not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    names = sorted(name for name in listed.stdout.decode().split("\0") if (ROOT / name).is_file())
    for name in names:
        (lab / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, lab / name)


def _copy_jars(lab: Path, patterns: Sequence[str]) -> None:
    for pattern in patterns:
        for found in ROOT.glob(pattern):
            target = lab / found.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            if found.is_dir():
                # An archive of classes is of no use under another path.
                shutil.copytree(
                    found, target, ignore=shutil.ignore_patterns(flume_class_archive.FOLDER)
                )
            else:
                shutil.copy2(found, target)


def _wheels(folder: Path) -> None:
    """Fetch the lock's packages, each checked by its hash, as wheels for this Python.

    PySpark comes as a source archive. Its wheel is not compressed: jars are compressed already.
    """
    _report("fetching the packages of the lock, and making PySpark's wheel (minutes)")
    folder.mkdir(parents=True)
    locks = [part for name in LOCKS for part in ("-r", f"requirements/{name}.txt")]
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check"]
    stored = ["--no-build-isolation", "--config-settings=--build-option=--compression=stored"]
    subprocess.run(
        [*pip, "--require-hashes", "--no-deps", *stored, *locks, "-w", str(folder)],
        cwd=ROOT, check=True,
    )  # fmt: skip
    text = "\n".join((ROOT / f"requirements/{name}.txt").read_text("utf-8") for name in LOCKS)
    pinned = sorted(set(REQUIREMENT.findall(text)))
    (folder / "requirements.txt").write_text("\n".join(pinned) + "\n", "utf-8")


def _images(folder: Path) -> None:
    """Build the images of all lessons, and save them in one compressed archive."""
    _report("building and saving the images (minutes)")
    folder.mkdir(parents=True)
    compose = ["docker", "compose", "--project-name", PROJECT, "--profile", "*"]
    services = [BUILT_BY.get(image, image) for image in IMAGES]
    environment = os.environ | {"LAB_IMAGES": PROJECT}
    subprocess.run([*compose, "build", "--quiet", *services], cwd=ROOT, env=environment, check=True)
    save = subprocess.Popen(
        ["docker", "save", *(f"{PROJECT}-{image}" for image in IMAGES)], stdout=subprocess.PIPE
    )
    with (folder / "lab-images.tar.gz").open("wb") as out:
        subprocess.run(["gzip", "-3"], stdin=save.stdout, stdout=out, check=True)
    if save.wait():
        raise LabError("docker save failed; see above")


def _describe(top: Path, light: bool, has_images: bool) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    wheels = f"wheels/ is for Python {version}."
    if light:
        wheels = "There are no wheels; LAB_VENV names an environment that has the packages."
    with_images = "images/ is for Docker." if has_images else "There are no images for Docker."
    system = f"{platform.system()} on {platform.machine()}"
    text = FIRST.format(system=system, python=wheels, images=with_images)
    (top / "READ-ME-FIRST.txt").write_text(text, "utf-8")
    sums = [f"{digest}  {file.relative_to(top)}" for file, digest in _digests(top)]
    (top / "SHA256SUMS").write_text("\n".join(sums) + "\n", "utf-8")


def _digests(top: Path) -> Iterator[tuple[Path, str]]:
    for file in sorted(each for each in top.rglob("*") if each.is_file()):
        with file.open("rb") as read:
            yield file, hashlib.file_digest(read, "sha256").hexdigest()


def _packed(top: Path, archive: Path) -> Path:
    """Pack without compression: jars, wheels and images are compressed already."""
    _report("packing")
    new = archive.with_suffix(".new")
    with tarfile.open(new, "w") as tar:
        tar.add(top, NAME)
    new.replace(archive)
    return archive


def _report(text: str) -> None:
    print(f"bundle: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
