"""``pyspark.streaming.flume`` is there again, as Spark 2.4 had it."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import pyspark_flume
import pytest
from pyspark import StorageLevel
from pyspark.streaming import flume

SOURCES = Path(__file__).parents[3] / "connector/src"
WHEEL_ONLY = [str(SOURCES), *(p for p in sys.path if p.endswith("site-packages"))]
"""The path of a Python that knows the wheel's files, here as they are in the sources."""


def run(code: str, *options: str) -> list[str]:
    """The lines that a new Python process prints."""
    return subprocess.run(
        [sys.executable, *options, "-c", code], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.splitlines()


def test_a_fresh_python_imports_it() -> None:
    assert run(
        "from pyspark.streaming.flume import FlumeUtils, utf8_decoder\n"
        "import pyspark.streaming.flume as flume\n"
        "print(flume.__name__, FlumeUtils.__name__, utf8_decoder(b'ok'))"
    ) == ["pyspark.streaming.flume FlumeUtils ok"]


def run_without_site(startup: str) -> list[str]:
    """What `startup` adds to a Python that reads neither .pth nor .start files itself (``-S``)."""
    return run(
        f"import sys; sys.path += {WHEEL_ONLY}\n{startup}\n"
        "print(sum(finder.__module__ == 'pyspark_flume_hook' for finder in sys.meta_path\n"
        "          if isinstance(finder, type)))\n"
        "try: from pyspark.streaming.flume import FlumeUtils\n"
        "except ModuleNotFoundError: print('missing')\n"
        "else: print(FlumeUtils.__name__)",
        *("-S", "-I"),
    )


def entry_points(start_file: Path) -> list[str]:
    """The lines of a .start file that are neither empty nor comments, as PEP 829 reads them."""
    lines = map(str.strip, start_file.read_text("utf-8-sig").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def test_without_a_startup_file_the_old_name_is_missing() -> None:
    assert run_without_site("") == ["0", "missing"]


def test_a_python_that_reads_only_start_files_imports_it() -> None:
    """From Python 3.18 on, import lines of .pth files are ignored."""
    (entry_point,) = entry_points(SOURCES / "pyspark_flume.start")
    package, colon, function = entry_point.partition(":")
    assert (colon, package.isidentifier(), function.isidentifier()) == (":", True, True)

    called = f"import pkgutil; pkgutil.resolve_name({entry_point!r})()"
    assert run_without_site(called) == ["1", "FlumeUtils"]
    assert run_without_site(f"{called}\n{called}") == ["1", "FlumeUtils"]


def test_a_python_that_reads_only_pth_files_imports_it() -> None:
    line = (SOURCES / "pyspark_flume.pth").read_text("utf-8")

    assert line.startswith("import ")
    assert line.count("\n") == 1
    assert run_without_site(f"exec({line!r})") == ["1", "FlumeUtils"]


def test_both_startup_files_have_one_name_so_that_python_takes_the_newer_one() -> None:
    assert [
        file.name for file in sorted(SOURCES.glob("*.pth")) + sorted(SOURCES.glob("*.start"))
    ] == [
        "pyspark_flume.pth",
        "pyspark_flume.start",
    ]


def test_the_old_name_and_the_new_one_give_the_same_things() -> None:
    assert sorted(flume.__all__) == ["FlumeUtils", "utf8_decoder"]
    assert flume.FlumeUtils is pyspark_flume.FlumeUtils
    assert flume.utf8_decoder is pyspark_flume.utf8_decoder

    names: dict[str, object] = {}
    exec("from pyspark.streaming.flume import *", names)  # noqa: S102 - a program may do so
    assert names.keys() - {"__builtins__"} == {"FlumeUtils", "utf8_decoder"}


def test_other_modules_that_are_missing_stay_missing() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"pyspark\.streaming\.kafka"):
        __import__("pyspark.streaming.kafka")


def test_create_stream_has_the_parameters_and_defaults_of_spark_24() -> None:
    parameters = inspect.signature(flume.FlumeUtils.createStream).parameters

    assert list(parameters) == [
        "ssc",
        "hostname",
        "port",
        "storageLevel",
        "enableDecompression",
        "bodyDecoder",
    ]
    defaults = {
        name: parameter.default
        for name, parameter in parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    assert defaults == {
        "storageLevel": StorageLevel.MEMORY_AND_DISK_SER_2,
        "enableDecompression": False,
        "bodyDecoder": flume.utf8_decoder,
    }
    assert isinstance(inspect.getattr_static(flume.FlumeUtils, "createStream"), staticmethod)


@pytest.mark.parametrize(
    ("name", "level"),
    [  # (disk, memory, off heap, deserialized, replicas), as Spark 2.4's storagelevel.py
        ("MEMORY_ONLY_SER", StorageLevel(False, True, False, False, 1)),
        ("MEMORY_ONLY_SER_2", StorageLevel(False, True, False, False, 2)),
        ("MEMORY_AND_DISK_SER", StorageLevel(True, True, False, False, 1)),
        ("MEMORY_AND_DISK_SER_2", StorageLevel(True, True, False, False, 2)),
    ],
)
def test_storage_level_has_its_old_names(name: str, level: StorageLevel) -> None:
    assert getattr(StorageLevel, name) == level


def test_utf8_decoder_is_the_one_of_spark_24() -> None:
    assert flume.utf8_decoder(None) is None
    assert flume.utf8_decoder(b"") == ""
    assert flume.utf8_decoder("Köln 値".encode()) == "Köln 値"
    with pytest.raises(UnicodeDecodeError):
        flume.utf8_decoder(b"\xff")


def test_a_worker_finds_the_decoder_by_a_name_that_needs_no_hook() -> None:
    assert b"pyspark_flume.decoders" in pickle.dumps(flume.utf8_decoder)


def test_an_import_of_the_package_or_of_the_decoder_does_not_import_pyspark() -> None:
    assert run(
        "import sys, pyspark_flume, pyspark_flume.avroipc, pyspark_flume.decoders\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('pyspark', 'py4j')])"
    ) == ["[]"]


def test_a_python_that_does_not_use_it_does_not_import_it() -> None:
    assert run(
        "import sys\n"
        "print(sorted(name for name in sys.modules if name.startswith(('pyspark', 'py4j'))))"
    ) == ["['pyspark_flume_hook']"]
