"""Asks all parts of a lab once, and gives each hop its number of lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flumelab.counts import Counts
from flumelab.ledger import HopCounts
from flumelab.lessons.catalogue import EVENTS
from flumelab.page import landing_log
from flumelab.page.flow import HopPlan
from flumelab.page.flume_counters import FlumeCounters, FlumeReading
from flumelab.page.generator_files import GeneratorLedger, GrowingFiles, SpoolFiles
from flumelab.page.http_json import JsonServer
from flumelab.page.own_input import OwnInput
from flumelab.page.place import Place, read_json
from flumelab.page.spark_streams import SparkStreams, StreamsReading
from flumelab.page.state import DEAD, DOWN, Part
from flumelab.page.stored_results import StoredResults

ACCESS_LOG = "access-log"


@dataclass(frozen=True)
class Readings:
    """What the parts said, asked in the order of the flow, the result store last.

    In this order no line can appear as counted before it appears as generated.

    :param generated: None for a program of the user's own
    :param progress: what the program has told: `flumelab.programs.progress`
    :param given: lines that went into a flow of the user's own
    :param before: events that earlier runs of the driver have stored; see `Reader`
    """

    place: Place
    parts: Sequence[Part]
    generated: Counts | None
    generated_lines: int
    has_urls: bool
    spooled: int
    pending: int
    flume: FlumeReading
    landed: int | None
    streams: StreamsReading | None
    spark_answers: bool
    before: int
    progress: Mapping[str, Any]
    counted: Counts | None
    cut: bool = False
    given: int | None = None

    @property
    def queries(self) -> Mapping[str, Any]:
        """The queries of Structured Streaming by name, with their last progress."""
        found = self.progress.get("queries")
        return found if isinstance(found, dict) else {}

    def hop_counts(self) -> HopCounts:
        """As `flumelab ledger` needs them."""
        return HopCounts(
            self.generated or Counts(), self.spooled, self.flume.runs, self.counted or Counts()
        )

    def lines(self, hop: HopPlan) -> int | None:
        """Return how many lines have passed a hop; None if it is not known."""
        measure, name = hop.measure
        match measure:
            case "source":
                return self.flume.total(f"SOURCE.{name}", "EventAcceptedCount")
            case "channel":
                return self.flume.total(f"CHANNEL.{name}", "EventPutSuccessCount")
            case "sink":
                return self.flume.total(f"SINK.{name}", "EventDrainSuccessCount")
            case "query" | "rows":
                return self._query_lines(measure, name)
            case _:
                found = self._lines_by_measure()[measure]
                return None if found is None else int(found)

    def _lines_by_measure(self) -> Mapping[str, int | None]:
        streams = self.streams
        counted = self.counted
        return {
            "": None,
            "generated": self.generated_lines,
            "spooled": self.spooled,
            "sent": self.generated_lines,
            "landed": self.landed,
            "stored": self.before + streams.stored if streams else None,
            "processed": self.before + streams.processed if streams else None,
            "counted": counted.total + counted.malformed if counted else None,
            "input": self.given,
            "own stored": self.progress.get("stored"),
            "own counted": self.progress.get("counted"),
            "own read": (self.progress.get("files") or {}).get("lines"),
        }

    def _query_lines(self, measure: str, name: str) -> int | None:
        query = self.queries.get(name)
        if query is None:
            return 0  # it tells its progress after its first micro-batch
        sources = query["last"].get("sources") or [{}]
        offset = sources[0].get("endOffset")
        if measure == "query" and isinstance(offset, dict) and "events" in offset:
            return int(offset["events"])
        return int(query["rows"])


class Reader:
    """Reads one lab again and again.

    A driver counts from 0 with each run. What earlier runs have stored is estimated: it is what the
    sink has sent and this run has not stored. Spark counts stored events with each micro-batch, so
    the difference is too large while lines are on their way; its minimum is right.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._ledger = GeneratorLedger(place.ledger)
        grows = bool(place.lesson and place.lesson.appends)
        self._spool = GrowingFiles(place.spool) if grows else SpoolFiles(place.spool)
        self._flume = FlumeCounters(JsonServer(*place.flume), place.metrics)
        self._spark = SparkStreams(JsonServer(*place.spark))
        self._results = StoredResults(place.results_url)
        self._input = OwnInput()
        self._application = ""
        self._before = 0

    def read(self) -> Readings:
        """Ask every part."""
        place = self.place
        parts = place.parts()
        alive = {part.name for part in parts if part.state not in (DEAD, DOWN)}
        self._ledger.read()
        self._spool.read()
        flume = self._flume.read(place.agent in alive)
        landed = landing_log.events(place.landing)
        streams = None
        if place.driver in alive:
            streams = self._spark.read()
        else:
            self._spark.forget()
        if streams:
            self._estimate_before(streams, _sent(flume) if landed is None else streams.stored)
        return Readings(
            place=place,
            parts=parts,
            generated=None if place.own else self._ledger.counts(),
            generated_lines=self._ledger.lines,
            has_urls=self._ledger.has_urls and _has_urls(place),
            spooled=self._spool.lines,
            pending=self._spool.pending,
            flume=flume,
            landed=landed,
            streams=streams,
            spark_answers=self._spark.answers,
            before=self._before,
            progress=_progress_of(place),
            counted=self._results.read() if place.results_url else None,
            cut=place.is_cut(),
            given=self._input.lines(place.own) if place.own else None,
        )

    def _estimate_before(self, streams: StreamsReading, sent: int) -> None:
        missing = max(0, sent - streams.stored)
        if streams.application != self._application:
            self._application, self._before = streams.application, missing
        self._before = min(self._before, missing)


def _has_urls(place: Place) -> bool:
    """Whether the lesson's keys are those that the generator's ledger has: all URLs, counted."""
    lesson = place.lesson
    if lesson is None:
        return True
    counts_all = lesson.answer == EVENTS and not place.keys and place.compares
    return lesson.scenario == ACCESS_LOG and counts_all


def _sent(flume: FlumeReading) -> int:
    """The events of the first sink: a second one feeds another program."""
    sinks = [name for run in flume.runs for name in run if name.startswith("SINK.")]
    return flume.total(min(sinks), "EventDrainSuccessCount") if sinks else 0


def _progress_of(place: Place) -> Mapping[str, Any]:
    """Read what the programs have told; a lesson may have two programs."""
    if place.own is not None:
        found = read_json(place.progress)
        last = found.get("last", {})
        queries = found.get("queries") or {}
        return {
            **found,
            "queries": {
                name: {"rows": rows, "last": last.get(name) or {"batchId": 0}}
                for name, rows in queries.items()
            },
        }
    merged: dict[str, Any] = {"interval": None, "windows": [], "queries": {}}
    for program in place.lesson.programs if place.lesson else ():
        stem = program.file.removesuffix(".py")
        found = read_json(place.progress / f"{stem}.progress.json")
        merged["interval"] = merged["interval"] or found.get("interval")
        merged["windows"] += found.get("windows", [])
        merged["queries"] |= found.get("queries", {})
    return merged
