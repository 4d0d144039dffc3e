"""Replaces what an old program names and this machine does not have, at the call that uses it.

This can be a master, a folder, a host, a Windows path for Python or a jar for Scala 2.11. The
program's text stays as it is, and each replacement is reported once, in one sentence.
"""

import functools
import os
import re
import shutil
import sys
import types
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark.sql.streaming.readwriter import DataStreamReader, DataStreamWriter
from pyspark.streaming import DStream, StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.own.adapt import Folders, is_local

LOCAL_MASTER = re.compile(r"local(\[.*\])?")
OLD_CONNECTOR = re.compile(r"spark-streaming-flume\S*")
CHECKPOINT_CALLS = ("checkpoint", "getOrCreate", "setCheckpointDir")
READ_CALLS = ("textFileStream", "load", "text", "json", "csv", "parquet", "orc")
PATH_ARGUMENTS = ("directory", "checkpointPath", "path", "dirName", "prefix")
PATH_OPTIONS = ("checkpointLocation", "path", "landing")

listens: set[int] = set()
"""The ports on which the program has asked for a receiver."""
polls: set[tuple[str, int]] = set()
"""Host and port of each SparkSink that the program fetches from."""
folders_read: set[str] = set()
"""The folders that streams of the program read."""
queries: list[Any] = []
"""The structured queries that the program has started."""
told: list[str] = []
"""The sentences on what was replaced."""


def tell(sentence: str) -> None:
    """Print a sentence, once."""
    if sentence not in told:
        told.append(sentence)
        print(f"flumelab: {sentence}", file=sys.stderr, flush=True)


def replace_what_is_not_here(folders: Folders, master: str) -> None:
    """Patch the PySpark calls in which a program names its surroundings.

    :param master: the replacement for a master that is not local
    """
    _around(SparkConf, "set", functools.partial(_setting, master))
    _around(SparkContext, "__init__", _with_a_python_that_is_here)
    for owner, names in {
        SparkContext: ["setCheckpointDir"],
        StreamingContext: ["checkpoint", "getOrCreate", "textFileStream"],
        DStream: ["saveAsTextFiles"],
        DataStreamReader: ["load", "text", "json", "csv", "parquet", "orc"],
        DataStreamWriter: ["start"],
    }.items():
        for name in names:
            _around(owner, name, functools.partial(_with_paths, folders))
    for name in ("start", "toTable"):
        _around(DataStreamWriter, name, _note_query)
    for owner in (DataStreamReader, DataStreamWriter):
        _around(owner, "option", functools.partial(_with_option, folders))
        _around(owner, "options", _each_by_option)
    _around(FlumeUtils, "createStream", _create_stream)
    _around(FlumeUtils, "createPollingStream", _create_polling_stream)
    if not find_spec("findspark"):
        stub = types.ModuleType("findspark")
        vars(stub)["init"] = lambda *_args, **_options: tell(
            "findspark.init(): Spark is already found, so this call does nothing here"
        )
        sys.modules["findspark"] = stub


def _setting(master: str, call: Callable[..., Any], conf: SparkConf, key: str, value: Any) -> Any:
    if key == "spark.master" and not LOCAL_MASTER.fullmatch(str(value)):
        if value != master:
            tell(f"master {value} is not available; {master} takes its place")
        value = master
    if key in ("spark.jars", "spark.jars.packages") and OLD_CONNECTOR.search(str(value)):
        tell(f"{key}: {value} is Spark 2's connector; it is left out, since the lab has a new one")
        rest = [part for part in str(value).split(",") if not OLD_CONNECTOR.search(part)]
        if not rest:
            return conf
        value = ",".join(rest)
    return call(conf, key, value)


def _with_a_python_that_is_here(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
        python = os.environ.get(name)
        if python and not shutil.which(python):
            tell(f"{name}={python} does not exist; {sys.executable} takes its place")
            os.environ[name] = sys.executable
    return call(*args, **kwargs)


def _with_paths(folders: Folders, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Replace the path, which is the first argument (after the object, if there is one)."""
    name = call.__name__
    used_as = "read" if name in READ_CALLS else "checkpoint" if name in CHECKPOINT_CALLS else ""
    place = 0 if name == "getOrCreate" else 1
    given = list(args)
    if len(given) > place:
        given[place] = _path_here(folders, given[place], used_as)
    for argument in PATH_ARGUMENTS:
        if argument in kwargs:
            kwargs[argument] = _path_here(folders, kwargs[argument], used_as)
    return call(*given, **kwargs)


def _note_folder(folder: Path) -> None:
    """Remember a folder that a stream reads, and make it if it is missing."""
    if not re.search(r"[*?\[{]", str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        folders_read.add(str(folder))


def _note_query(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    query = call(*args, **kwargs)
    queries.append(query)
    return query


def _with_option(
    folders: Folders, call: Callable[..., Any], owner: Any, key: str, value: Any
) -> Any:
    if key in PATH_OPTIONS:
        reads = key == "path" and isinstance(owner, DataStreamReader)
        used_as = "checkpoint" if key == "checkpointLocation" else "read" if reads else ""
        value = _path_here(folders, value, used_as)
    if key == "port" and str(value).isdecimal():
        listens.add(int(value))
    return call(owner, key, value)


def _each_by_option(_call: Callable[..., Any], owner: Any, **options: Any) -> Any:
    for key, value in options.items():
        owner = owner.option(key, value)
    return owner


def _path_here(folders: Folders, path: Any, used_as: str) -> Any:
    """Return the path to use.

    :param used_as: "checkpoint", "read" by a stream, or something else
    """
    if not isinstance(path, str) or re.match(r"(?!file:|hdfs:)\w+:", path):
        return path  # s3a: and the like
    absolute = path if re.match(r"\w+:", path) else str(Path(path).absolute())
    place = folders.place(absolute, reading=used_as == "read")
    if place is None and used_as == "checkpoint" and not folders.owns(absolute):
        # A run starts afresh, even if an earlier one has left a checkpoint.
        place = folders.inside(absolute)
    if used_as == "read":
        _note_folder(place or Path(absolute.removeprefix("file://").removeprefix("file:")))
    if place is None:
        return path
    place.parent.mkdir(parents=True, exist_ok=True)
    tell(f"{path} is kept in {place}")
    return str(place)


def _create_stream(
    call: Callable[..., Any], ssc: Any, hostname: str, port: int, *args: Any, **kwargs: Any
) -> Any:
    listens.add(int(port))
    return call(ssc, _host_here(hostname), port, *args, **kwargs)


def _create_polling_stream(
    call: Callable[..., Any], ssc: Any, addresses: Any, *args: Any, **kwargs: Any
) -> Any:
    here = [(_host_here(host), int(port)) for host, port in addresses]
    polls.update(here)
    return call(ssc, here, *args, **kwargs)


def _host_here(host: str) -> str:
    if is_local(host):
        return host
    tell(f"{host} is not this machine; localhost takes its place")
    return "localhost"


def _around(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Replace a method by ``wrapper(call, *args, **kwargs)``."""
    static = isinstance(vars(owner).get(name), (staticmethod, classmethod))
    call = getattr(owner, name)

    @functools.wraps(call)
    def replaced(*args: Any, **kwargs: Any) -> Any:
        return wrapper(call, *args, **kwargs)

    setattr(owner, name, staticmethod(replaced) if static else replaced)
