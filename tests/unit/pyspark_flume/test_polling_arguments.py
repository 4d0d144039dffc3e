"""The arguments of ``FlumeUtils``; nothing here starts Spark."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from pyspark import StorageLevel
from pyspark.streaming import flume
from pyspark_flume.errors import OptionInvalid

SINK = ("flume-1", 4000)
NO_SPARK: Any = None  # an argument is checked before Spark is asked


def test_it_has_the_parameters_and_defaults_of_spark_24() -> None:
    create = flume.FlumeUtils.createPollingStream
    parameters = inspect.signature(create).parameters

    assert [(name, parameter.default) for name, parameter in parameters.items()] == [
        ("ssc", inspect.Parameter.empty),
        ("addresses", inspect.Parameter.empty),
        ("storageLevel", StorageLevel.MEMORY_AND_DISK_SER_2),
        ("maxBatchSize", 1000),
        ("parallelism", 5),
        ("bodyDecoder", flume.utf8_decoder),
    ]
    assert isinstance(inspect.getattr_static(flume.FlumeUtils, "createPollingStream"), staticmethod)


@pytest.mark.parametrize("none", [[], (), iter([]), (a for a in ())], ids=lambda v: str(type(v)))
def test_no_addresses_are_refused_before_spark_is_asked(none: Any) -> None:
    with pytest.raises(OptionInvalid, match=r"no addresses; pass \(host, port\) of each"):
        flume.FlumeUtils.createPollingStream(NO_SPARK, none)


@pytest.mark.parametrize(
    "address",
    ["flume-1:4000", ("flume-1",), ("flume-1", "port"), ("flume-1", None), ("", 4000), 4000]
    + [("flume-1", port) for port in (0, -1, 65536)],
)
def test_an_argument_that_is_not_an_address_is_named(address: Any) -> None:
    with pytest.raises(OptionInvalid) as refused:
        flume.FlumeUtils.createPollingStream(NO_SPARK, [SINK, address])
    assert str(refused.value).startswith(f"{address!r} is not an address; ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("port", [-1, 70_000, "port", None])
def test_a_port_on_which_nobody_can_listen_is_refused(port: Any) -> None:
    with pytest.raises(OptionInvalid, match=rf"^createStream has port={port!r}; "):
        flume.FlumeUtils.createStream(NO_SPARK, "worker-1", port)


@pytest.mark.parametrize("name", ["maxBatchSize", "parallelism"])
@pytest.mark.parametrize("value", [0, -5])
def test_a_number_below_one_is_refused(name: str, value: int) -> None:
    with pytest.raises(OptionInvalid, match=f"{name}={value}; pass 1 or more"):
        flume.FlumeUtils.createPollingStream(NO_SPARK, [SINK], **{name: value})


@pytest.mark.parametrize(
    ("create", "arguments"),
    [("createStream", ("127.0.0.1", 4141)), ("createPollingStream", ([SINK],))],
)
def test_a_session_of_spark_connect_is_told_what_to_use(create: str, arguments: Any) -> None:
    session: Any = object()
    with pytest.raises(OptionInvalid) as refused:
        getattr(flume.FlumeUtils, create)(session, *arguments)
    assert str(refused.value).startswith(f"{create} got object, not a StreamingContext")
    assert 'spark.readStream.format("flume")' in str(refused.value)
    assert "\n" not in str(refused.value)
