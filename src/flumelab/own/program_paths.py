"""Replaces the paths that a program names and this machine does not have, at the call with them."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyspark import RDD, SparkContext
from pyspark.sql.readwriter import DataFrameReader, DataFrameWriter
from pyspark.sql.streaming.readwriter import DataStreamReader, DataStreamWriter
from pyspark.streaming import DStream, StreamingContext

from flumelab.own.adapt import Folders
from flumelab.own.patches import around, tell

CHECKPOINT, STREAM, DATA, OUTPUT = "checkpoint", "stream", "data", "output"
"""What a path is used for: to keep a state, to read files that come, to read a file, to write."""

FORMATS = ("text", "json", "csv", "parquet", "orc")
CALLS = {
    SparkContext: {"setCheckpointDir": CHECKPOINT, "textFile": DATA, "wholeTextFiles": DATA},
    StreamingContext: {
        "checkpoint": CHECKPOINT, "getOrCreate": CHECKPOINT, "textFileStream": STREAM,
    },
    RDD: {"saveAsTextFile": OUTPUT},
    DStream: {"saveAsTextFiles": OUTPUT},
    DataStreamReader: dict.fromkeys(("load", *FORMATS), STREAM),
    DataStreamWriter: {"start": OUTPUT},
    DataFrameReader: dict.fromkeys(("load", *FORMATS), DATA),
    DataFrameWriter: dict.fromkeys(("save", *FORMATS), OUTPUT),
}  # fmt: skip
ARGUMENTS = ("directory", "checkpointPath", "path", "dirName", "prefix", "paths")
OPTIONS = {
    DataStreamReader: {"path": STREAM, "landing": OUTPUT},
    DataStreamWriter: {"checkpointLocation": CHECKPOINT, "path": OUTPUT},
}

folders_read: set[str] = set()
"""The folders that streams of the program read."""


def replace_paths(folders: Folders) -> None:
    """Patch the calls of PySpark in which a program names a path."""
    for owner, calls in CALLS.items():
        for name, use in calls.items():
            around(owner, name, functools.partial(_with_paths, folders, use))
    for owner, options in OPTIONS.items():
        around(owner, "option", functools.partial(_with_option, folders, options))


def _with_paths(
    folders: Folders, use: str, call: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    """Replace the path, which is the first argument (after the object, if there is one)."""
    place = 0 if call.__name__ == "getOrCreate" else 1
    given = list(args)
    if len(given) > place:
        given[place] = path_here(folders, given[place], use)
    for name in ARGUMENTS:
        if name in kwargs:
            kwargs[name] = path_here(folders, kwargs[name], use)
    return call(*given, **kwargs)


def _with_option(
    folders: Folders,
    options: dict[str, str],
    call: Callable[..., Any],
    owner: Any,
    key: str,
    value: Any,
) -> Any:
    if key in options:
        value = path_here(folders, value, options[key])
    return call(owner, key, value)


def path_here(folders: Folders, path: Any, use: str) -> Any:
    """Return the path to use on this machine."""
    if not isinstance(path, str) or re.match(r"(?!file:|hdfs:)\w+:", path):
        return path  # s3a: and the like
    absolute = path if re.match(r"\w+:", path) else str(Path(path).absolute())
    place = folders.place(absolute, reading=use in (STREAM, DATA))
    # What a relative path names gets a short place in the lab's folder.
    own = folders.inside(absolute.removeprefix(f"{Path.cwd()}/"))
    if place == folders.inside(absolute):
        place = own
    if use == DATA and place and not place.exists():
        return path  # an error then names the program's own path
    if place is None and _is_kept_apart(folders, path, absolute, use):
        place = own
    if use == STREAM:
        _note_folder(place or Path(re.sub("^file:(//)?", "", absolute)))
    if place is None:
        return path
    place.parent.mkdir(parents=True, exist_ok=True)
    tell(f"{path} is kept in {place}")
    return str(place)


def _is_kept_apart(folders: Folders, path: str, absolute: str, use: str) -> bool:
    """Whether the lab uses a place of its own although the path itself can be used."""
    if folders.owns(absolute):
        return False
    if use == CHECKPOINT:  # a run starts afresh, even if an earlier one has left a checkpoint
        return True
    # A relative path may lead into a folder beside the program, which stays as it is.
    here = Path.cwd().resolve()
    return use == OUTPUT and absolute != path and here not in Path(absolute).resolve().parents


def _note_folder(folder: Path) -> None:
    """Remember a folder that a stream reads, and create it if it is missing."""
    if not re.search(r"[*?\[{]", str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        folders_read.add(str(folder))
