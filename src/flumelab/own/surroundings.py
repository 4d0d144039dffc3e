"""Replaces what an old program names and this machine does not have, at the call that uses it.

This can be a master, a folder, a host, a Windows path for Python or a jar for Scala 2.11. The
program's text stays as it is, and each replacement is reported once, in one sentence.
"""

import functools
import os
import re
import shutil
import socket
import sys
import types
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark.sql.streaming.readwriter import DataStreamReader, DataStreamWriter
from pyspark.streaming import StreamingContext
from pyspark.streaming.flume import FlumeUtils

from flumelab.own.adapt import Folders, is_local
from flumelab.own.line_server import LineServer, served
from flumelab.own.patches import around, tell
from flumelab.own.program_paths import replace_paths

LOCAL_MASTER = re.compile(r"local(\[.*\])?")
OLD_CONNECTOR = re.compile(r"spark-streaming-flume\S*")

listens: set[int] = set()
"""The ports on which the program has asked for a receiver."""
polls: set[tuple[str, int]] = set()
"""Host and port of each SparkSink that the program fetches from."""
servers: list[LineServer] = []
"""What serves lines on the ports to which the program connects."""
queries: list[Any] = []
"""The structured queries that the program has started."""


def replace_what_is_not_here(folders: Folders, master: str) -> None:
    """Patch the PySpark calls in which a program names its surroundings.

    :param master: the replacement for a master that is not local
    """
    around(SparkConf, "set", functools.partial(_setting, master))
    around(SparkContext, "__init__", _with_a_python_that_is_here)
    replace_paths(folders)
    for name in ("start", "toTable"):
        around(DataStreamWriter, name, _note_query)
    for owner in (DataStreamReader, DataStreamWriter):
        around(owner, "options", _each_by_option)
    around(DataStreamReader, "format", _note_format)
    around(DataStreamReader, "option", _note_option)
    around(DataStreamReader, "load", _load)
    around(StreamingContext, "socketTextStream", _socket_text_stream)
    around(FlumeUtils, "createStream", _create_stream)
    around(FlumeUtils, "createPollingStream", _create_polling_stream)
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


def _note_query(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    query = call(*args, **kwargs)
    queries.append(query)
    return query


def _note_format(call: Callable[..., Any], reader: Any, source: str) -> Any:
    reader.lab_format = source
    return call(reader, source)


def _note_option(call: Callable[..., Any], reader: Any, key: str, value: Any) -> Any:
    if key in ("host", "port"):
        setattr(reader, f"lab_{key}", str(value))
    return call(reader, key, value)


def _load(call: Callable[..., Any], reader: Any, *args: Any, **options: Any) -> Any:
    """Note the port of a receiver, and serve a socket's port, to which Spark connects."""
    host = str(options.get("host", getattr(reader, "lab_host", "")))
    port = str(options.get("port", getattr(reader, "lab_port", "")))
    source = options.get("format", getattr(reader, "lab_format", ""))
    if source == "flume" and port.isdecimal():
        listens.add(int(port))
    if source == "socket" and host and port.isdecimal():
        options["host"] = _served(host, int(port))
    return call(reader, *args, **options)


def _each_by_option(_call: Callable[..., Any], owner: Any, **options: Any) -> Any:
    for key, value in options.items():
        owner = owner.option(key, value)
    return owner


def _socket_text_stream(
    call: Callable[..., Any], ssc: Any, hostname: str, port: int, *args: Any, **kwargs: Any
) -> Any:
    return call(ssc, _served(hostname, int(port)), int(port), *args, **kwargs)


def _served(host: str, port: int) -> str:
    """Serve a port of this host where nothing listens, and return the host to connect to."""
    if not is_local(host):
        if _is_known(host):
            return host  # another machine serves it
        host = _host_here(host)
    if any(server.port == port for server in servers):
        return host
    folder = Path(os.environ["LAB_OWN_SOCKETS"]) / str(port)
    try:
        server = served(port, folder)
    except OSError as error:
        tell(f"the lab cannot serve port {port}: {error.strerror}; serve it yourself")
        return host
    if server:
        servers.append(server)
        tell(f"nothing listens on port {port}; the lab serves it, and sends the log of --input")
    return host


def _is_known(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None))
    except (OSError, UnicodeError):
        return False


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
