"""Starts a user's program inside the Spark driver, unchanged, as its author's machine would.

    spark-submit launch.py PROGRAM [argument]…

An old program names what this machine does not have: a master, a folder, a host, a Windows path for
Python, a jar for Scala 2.11. Each is replaced at the call that uses it, and told once. Meanwhile a
thread writes how many events Spark has stored and counted (`PROGRESS`), and ends the streams when
the lab asks for it. From the environment:

- `LAB_MASTER`: the master for a program whose own is not here
- `LAB_OWN_FOLDERS`: the folder for paths that are not there; `LAB_OWN_MAP`: JSON, the user's map
- `PROGRESS`: the file ``{"stored": …, "counted": …}``; `STOP_FILE`: the file that asks for the end
"""

import functools
import json
import os
import re
import runpy
import shutil
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark.sql.streaming.readwriter import DataStreamReader, DataStreamWriter
from pyspark.streaming import DStream, StreamingContext

from flumelab.own.adapt import Folders, is_local
from flumelab.own.progress import Progress

LOCALHOST = "localhost"
LOCAL_MASTER = re.compile(r"local(\[.*\])?")
OLD_CONNECTOR = re.compile(r"\S*spark-streaming-flume\S*")
CHECKPOINTS = ("checkpointLocation",)
POLL_SECONDS = 0.5


def tell(sentence: str, _told: set[str] = set()) -> None:  # noqa: B006 - shared on purpose
    """Print a sentence once."""
    if sentence not in _told:
        _told.add(sentence)
        print(f"flumelab: {sentence}", file=sys.stderr, flush=True)


def replace_what_is_not_here(folders: Folders) -> None:
    """Patch the calls of PySpark by which a program names its surroundings."""
    _around(SparkConf, "set", _fitting_setting)
    _around(SparkContext, "__init__", _with_python)
    here = functools.partial(_path_here, folders)
    for owner, name, place in (
        (StreamingContext, "checkpoint", 0),
        (StreamingContext, "getOrCreate", 0),
        (SparkContext, "setCheckpointDir", 0),
        (StreamingContext, "textFileStream", 0),
        (DStream, "saveAsTextFiles", 0),
        (DataStreamReader, "load", 0),
        (DataStreamReader, "text", 0),
        (DataStreamReader, "json", 0),
        (DataStreamReader, "csv", 0),
        (DataStreamReader, "parquet", 0),
        (DataStreamWriter, "start", 0),
    ):
        _around(owner, name, functools.partial(_with_path, here, place))
    for owner in (DataStreamReader, DataStreamWriter):
        _around(owner, "option", functools.partial(_with_option, here))
    _replace_hosts()
    if "findspark" not in sys.modules and not _is_installed("findspark"):
        stub = types.ModuleType("findspark")
        stub.init = lambda *_args, **_kwargs: tell(  # type: ignore[attr-defined]
            "findspark.init(): Spark is found already; the call does nothing here"
        )
        sys.modules["findspark"] = stub


def run(program: Path, arguments: list[str]) -> int:
    """Run the program to its end; returns its exit code."""
    sys.argv = [str(program), *arguments]
    sys.path[0] = str(program.parent)
    progress = Progress(Path(os.environ["PROGRESS"]))
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(progress, done), daemon=True)
    watcher.start()
    try:
        runpy.run_path(str(program), run_name="__main__")
        _wait_for_streams(program)
        return 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        print("\n".join(explain(error, program)), file=sys.stderr, flush=True)
        return 1
    finally:
        done.set()
        watcher.join()


def explain(error: BaseException, program: Path) -> Iterator[str]:
    """Yield the lines of a program's failure, the user's own file and line last.

    A failure in a task comes as a Java exception with a worker's traceback in its text.
    """
    text = str(error)
    frames = []
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(program):
            frames.append((trace.tb_lineno, trace.tb_frame.f_code.co_name))
        trace = trace.tb_next
    if "Traceback (most recent call last)" in text:
        worker = text[text.rindex("Traceback (most recent call last)") :]
        own = re.findall(rf'File "{re.escape(str(program))}", line (\d+), in (\S+)', worker)
        frames += [(int(line), name) for line, name in own]
        said = re.findall(
            r"^(?:\w+\.)*\w*(?:Error|Exception|Iteration|Interrupt): .*", worker, re.M
        )
        fact = said[0] if said else worker.splitlines()[-1]
    else:
        first = text.splitlines()[0] if text else ""
        fact = f"{type(error).__name__}: {first}"
    yield "The program failed:"
    source = program.read_text(errors="replace").splitlines()
    for line, name in frames:
        yield f"  {program}, line {line}, in {name}"
        yield f"    {source[line - 1].strip()}" if line <= len(source) else ""
    yield f"  {fact}"


def _watch(progress: Progress, done: threading.Event) -> None:
    stop_file = Path(os.environ["STOP_FILE"])
    while not done.wait(POLL_SECONDS):
        progress.write()
        if stop_file.exists():
            progress.end_streams()
            progress.write()
            return
    progress.write()


def _wait_for_streams(program: Path) -> None:
    """A program that ends while its streams run would end them with it."""
    streaming = StreamingContext.getActive()
    if streaming:
        tell(
            f"{program} ended while its streams run: it lacks ssc.awaitTermination(); the lab waits"
        )
        streaming.awaitTermination()
        return
    spark = Progress.session()
    for query in spark.streams.active if spark else []:
        tell(
            f"{program} ended while its queries run: it lacks query.awaitTermination(); the lab waits"
        )
        query.awaitTermination()


def _fitting_setting(call: Callable[..., Any], conf: Any, key: str, value: Any) -> Any:
    if key == "spark.master" and not LOCAL_MASTER.fullmatch(str(value)):
        master = os.environ["LAB_MASTER"]
        if value != master:
            tell(f"master {value} is not here; {master} takes its place")
        value = master
    if key in ("spark.jars", "spark.jars.packages") and OLD_CONNECTOR.search(str(value)):
        tell(
            f"{key} names Spark 2's connector, {value}; the lab's is there already, so it is left out"
        )
        rest = [part for part in str(value).split(",") if not OLD_CONNECTOR.search(part)]
        if not rest:
            return conf
        value = ",".join(rest)
    return call(conf, key, value)


def _with_python(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
        python = os.environ.get(name)
        if python and not shutil.which(python):
            tell(f"{name}={python} is not here; {sys.executable} takes its place")
            os.environ[name] = sys.executable
    return call(*args, **kwargs)


def _path_here(folders: Folders, path: Any, checkpoint: bool = False) -> Any:
    if not isinstance(path, str):
        return path
    absolute = path if re.match(r"\w+:", path) else str(Path(path).absolute())
    if re.match(r"(?!file:|hdfs:)\w+:", absolute):
        return path
    place = folders.place(absolute)
    if place is None and checkpoint:
        # A run begins with nothing, also where an earlier one left its checkpoint.
        place = folders.place(f"hdfs://{absolute}")
    if place is None:
        return path
    place.parent.mkdir(parents=True, exist_ok=True)
    tell(f"{path} is kept in {place}")
    return str(place)


def _with_path(
    here: Callable[..., Any], place: int, call: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    name = getattr(call, "__name__", "")
    checkpoint = name in ("checkpoint", "getOrCreate", "setCheckpointDir")
    given = list(args)
    # The first argument of a bound call is the object itself.
    position = place + (0 if name == "getOrCreate" else 1)
    if len(given) > position:
        given[position] = here(given[position], checkpoint)
    for key in ("directory", "checkpointPath", "path", "dirName", "prefix"):
        if key in kwargs:
            kwargs[key] = here(kwargs[key], checkpoint)
    return call(*given, **kwargs)


def _with_option(
    here: Callable[..., Any], call: Callable[..., Any], owner: Any, key: str, value: Any
) -> Any:
    if key in (*CHECKPOINTS, "path", "landing"):
        value = here(value, key in CHECKPOINTS)
    return call(owner, key, value)


def _replace_hosts() -> None:
    from pyspark.streaming.flume import FlumeUtils

    push, pull = FlumeUtils.createStream, FlumeUtils.createPollingStream

    @functools.wraps(push)
    def create_stream(ssc: Any, hostname: str, *args: Any, **kwargs: Any) -> Any:
        return push(ssc, _host_here(hostname), *args, **kwargs)

    @functools.wraps(pull)
    def create_polling_stream(ssc: Any, addresses: Any, *args: Any, **kwargs: Any) -> Any:
        return pull(ssc, [(_host_here(h), p) for h, p in addresses], *args, **kwargs)

    FlumeUtils.createStream = staticmethod(create_stream)  # type: ignore[method-assign]
    FlumeUtils.createPollingStream = staticmethod(create_polling_stream)  # type: ignore[method-assign]


def _host_here(host: str) -> str:
    if is_local(host):
        return host
    tell(f"{host} is not this machine; {LOCALHOST} takes its place")
    return LOCALHOST


def _around(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Let `wrapper(call, *args, **kwargs)` stand in for a method."""
    static = isinstance(owner.__dict__.get(name), (staticmethod, classmethod))
    original = getattr(owner, name)

    @functools.wraps(original)
    def replaced(*args: Any, **kwargs: Any) -> Any:
        return wrapper(original, *args, **kwargs)

    setattr(owner, name, staticmethod(replaced) if static else replaced)


def _is_installed(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


if __name__ == "__main__":
    mapped = {
        old: Path(new) for old, new in json.loads(os.environ.get("LAB_OWN_MAP", "{}")).items()
    }
    replace_what_is_not_here(Folders(Path(os.environ["LAB_OWN_FOLDERS"]), mapped))
    sys.exit(run(Path(sys.argv[1]).absolute(), sys.argv[2:]))
