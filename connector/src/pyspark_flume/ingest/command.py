"""A service as a process: ``python -m pyspark_flume.receiver`` and ``…poller``."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from pyspark_flume.errors import FlumeError
from pyspark_flume.ingest.service import EventSource, IngestService
from pyspark_flume.options.ingestion import IngestionSettings

Settings = TypeVar("Settings", bound=IngestionSettings)

log = logging.getLogger(__name__)


def run(
    name: str,
    purpose: str,
    settings: type[Settings],
    source: Callable[[Settings], EventSource],
    arguments: Sequence[str] | None = None,
) -> int:
    """Run ``python -m pyspark_flume.<name>`` until SIGTERM or SIGINT; return its exit code.

    :param purpose: the description for ``--help``
    :param source: makes the source of events from the settings
    :param arguments: None for those of this process
    """
    parser = argparse.ArgumentParser(prog=f"python -m pyspark_flume.{name}", description=purpose)
    settings.add_arguments(parser)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr
    )
    try:
        given = settings.of(parser.parse_args(arguments))
        asyncio.run(_run_until_signal(IngestService(given, source(given))))
    except FlumeError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0


async def _run_until_signal(service: IngestService) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def ready() -> None:
        log.info("%s and stores in %s", service.source.action, service.landing)

    await service.run(ready, stop)
