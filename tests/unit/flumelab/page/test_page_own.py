"""A user's own program and conf on the page: flow, input and ledger."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flumelab import settings
from flumelab.own import conf as confs
from flumelab.own import saved
from flumelab.own.conf import KINDS
from flumelab.page import own_flow
from flumelab.page.flow import FlowPlan
from flumelab.page.flume_counters import FlumeReading
from flumelab.page.own_input import OwnInput
from flumelab.page.own_ledger import own_ledger
from flumelab.page.place import LocalPlaces, Place
from flumelab.page.readings import Readings

CONF = """
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = spooldir
a1.sources.r1.spoolDir = {folder}
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = avro
a1.sinks.k1.channel = c1
a1.sinks.k1.hostname = localhost
a1.sinks.k1.port = 9092
"""
RECEIVES = {"receivers": True, "stored": 0, "counted": 0, "listens": [9092]}
QUERY = {"rows": 7, "last": {"batchId": 1}}


@pytest.fixture
def own(tmp_path: Path) -> dict[str, Any]:
    """What `flumelab.own.saved` writes of a program with a conf that reads `tmp_path`/spool."""
    (tmp_path / "spool").mkdir()
    file = tmp_path / "my.conf"
    file.write_text(CONF.format(folder=tmp_path / "spool"))
    conf = confs.read(file)
    kinds = {
        kind: {
            name: {"prefix": part.prefix, "settings": dict(part.settings)}
            for name, part in getattr(conf, kind).items()
        }
        for kind in KINDS
    }
    written = {"file": str(file), "agent": "a1", **kinds}
    found = {"program": "/home/me/my_program.py", "conf": written, "sent": None, "before": []}
    assert saved.conf_of(found) == conf
    return found


def place(own: dict[str, Any], folder: Path) -> Place:
    return Place(
        runtime="local",
        lesson=None,
        program="my_program.py",
        conf=folder / "none",
        flume=("127.0.0.1", 1),
        spark=("127.0.0.1", 1),
        spool=folder / "none",
        ledger=folder / "none",
        metrics=folder,
        landing=folder / "none",
        progress=folder / "none",
        results_url="",
        parts=list,
        standing=False,
        own=own,
    )


def plan(own: dict[str, Any], folder: Path, **progress: Any) -> FlowPlan:
    return own_flow.plan(place(own, folder), progress)


def test_input_agent_and_receiver_are_one_row(own: dict[str, Any], tmp_path: Path) -> None:
    flow = plan(own, tmp_path, **RECEIVES)
    assert flow.trunk == ["input", "source:r1", "channel:c1", "sink:k1", "receiver", "batches"]
    assert [link.note for link in flow.links if link.connection] == ["push"]


def test_queries_that_read_the_sink_are_side_by_side(own: dict[str, Any], tmp_path: Path) -> None:
    flow = plan(own, tmp_path, queries={"hosts": QUERY, "urls": QUERY}, listens=[9092])
    assert flow.trunk[-1] == "sink:k1"
    assert flow.ways == [["query:hosts"], ["query:urls"]]


def test_a_program_without_flume_has_its_streams_alone(tmp_path: Path) -> None:
    alone = {"program": "p.py", "conf": None, "sent": None, "before": None}
    flow = plan(alone, tmp_path, files={"lines": 5, "unsure": ""})
    assert flow.trunk == ["batches"]
    assert plan({**alone, "sent": 5}, tmp_path, files={"lines": 5}).trunk == ["input", "batches"]


def test_lines_of_the_sources_files_are_the_input(own: dict[str, Any], tmp_path: Path) -> None:
    spool, found = tmp_path / "spool", OwnInput()
    (spool / "old.COMPLETED").write_text("1\n2\n")
    own["before"] = [str(spool / "old.COMPLETED")]
    assert found.lines(own) == 0
    (spool / "a.log").write_text("1\n2\n3")
    assert found.lines(own) == 3
    (spool / "a.log").rename(spool / "a.log.COMPLETED")
    assert found.lines(own) == 3
    assert found.lines({**own, "before": None, "sent": 9}) == 9


@pytest.mark.parametrize(
    ("counted", "moving", "verdict", "says"),
    [
        (10, True, "balanced", "no truth known: hops agree"),
        (8, True, "counting", "COUNTING: lines are on their way"),
        (8, False, "unbalanced", "no truth known: hops differ at Spark counted"),
    ],
)
def test_the_ledger_compares_the_hops_in_the_words_of_flumelab_ledger(
    own: dict[str, Any], tmp_path: Path, counted: int, moving: bool, verdict: str, says: str
) -> None:
    counters = {
        "SOURCE.r1": {"EventAcceptedCount": "10"},
        "CHANNEL.c1": {"EventPutSuccessCount": "10"},
        "SINK.k1": {"EventDrainSuccessCount": "10"},
    }
    readings = Readings(
        place=place(own, tmp_path),
        parts=[],
        generated=None,
        generated_lines=0,
        has_urls=True,
        spooled=0,
        pending=0,
        flume=FlumeReading((counters,), counters, answers=True),
        landed=None,
        streams=None,
        spark_answers=True,
        before=0,
        progress={**RECEIVES, "stored": 10, "counted": counted},
        counted=None,
        given=10,
    )
    found = own_ledger(readings, moving, 3.0)
    assert (found.verdict, found.says) == (verdict, says)
    assert (found.truth, found.lost, found.duplicated) == (False, None, None)
    assert [hop.lines for hop in found.hops] == [10, 10, 10, 10, 10, counted]
    assert found.hops[-1].missing == 10 - counted
    empty = own_ledger(replace(readings, flume=FlumeReading(), progress={}, given=0), False, None)
    assert empty.verdict == "empty"


def test_a_lab_of_own_files_of_which_all_parts_died_is_still_shown(
    own: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_STATE", str(tmp_path / "state"))
    state = tmp_path / "state/own"
    state.mkdir(parents=True)
    (state / "shown.json").write_text(json.dumps({**own, "metrics_port": 5, "ui_port": 6}))
    record = {"pid": 2**22 + 1, "started": 1.0, "log": ""}
    (state / "processes.json").write_text(json.dumps({"flume": record, "program": record}))
    places = LocalPlaces(settings.load())
    assert places.find().lesson is not None  # a run that was killed is not a lab that stays
    (state / "lab.json").write_text("{}")
    found = places.find()
    assert (found.program, found.flume[1], found.spark[1]) == ("my_program.py", 5, 6)
    assert {part.name: part.state for part in found.parts()} == {"flume": "dead", "program": "dead"}
