"""``pyspark.streaming.flume`` is there again, as Spark 2.4 had it."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys

import pyspark_flume
import pytest
from pyspark import StorageLevel
from pyspark.streaming import flume


def run(code: str) -> list[str]:
    """The lines that a new Python process prints."""
    return subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.splitlines()


def test_a_fresh_python_imports_it() -> None:
    assert run(
        "from pyspark.streaming.flume import FlumeUtils, utf8_decoder\n"
        "import pyspark.streaming.flume as flume\n"
        "print(flume.__name__, FlumeUtils.__name__, utf8_decoder(b'ok'))"
    ) == ["pyspark.streaming.flume FlumeUtils ok"]


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
