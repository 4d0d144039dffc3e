"""What real Flume and a receiver tell Prometheus agrees with the lines that went through them."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics

from tests.support.flume import ROOT, FlumeAgent
from tests.support.metrics_page import name_of, names_on_page
from tests.support.ports import free_port
from tests.support.prometheus import OPENMETRICS, Metrics, lint, scrape
from tests.support.receiver import ReceiverProgram

LINES = 2_000
KEPT = "CHANNEL.buffer"
HANDOFF = "lab.channels.buffer.type = io.pysparkflume.flume.HandoffChannel"
CASE = "metric names should be written in 'snake_case' not 'camelCase'"


def file_channel_conf(folder: Path) -> str:
    """Write exactly-once.conf with a file channel, which has the most counters."""
    text = (ROOT / "flume-conf" / "exactly-once.conf").read_text()
    folders = ("checkpointDir", "dataDirs")
    kept = [f"lab.channels.buffer.{key} = {folder}/channel/{key}" for key in folders]
    conf = folder / "file-channel.conf"
    conf.write_text(text.replace(HANDOFF, "\n".join(["lab.channels.buffer.type = file", *kept])))
    return str(conf)


def test_flume_and_the_receiver_count_the_same_lines_under_their_documented_names(
    tmp_path: Path,
) -> None:
    port = free_port()
    with ReceiverProgram(tmp_path / "receiver", "--metrics-port", str(port)) as receiver:
        agent = FlumeAgent(tmp_path / "flume", file_channel_conf(tmp_path), receiver.port)
        try:
            agent.feed("access.log", b"".join(b"line %d\n" % n for n in range(LINES)))
            agent.wait_for(agent.has_sent_all, "everything is sent")
            flume = Metrics(scrape(agent.metrics_port).text)
            strict = scrape(agent.metrics_port, OPENMETRICS).text
            as_json = agent.counters()
            stored = Metrics(scrape(port).text)
        finally:
            agent.kill()

    put = flume.value("Flume_EventPutSuccessCount_total", component="buffer", type="CHANNEL")
    assert put == LINES == int(as_json[KEPT]["EventPutSuccessCount"])
    sent = flume.value("Flume_EventDrainSuccessCount_total", component="spark", type="SINK")
    assert sent == LINES == stored.value("pyspark_flume_events_total")
    assert stored.value("pyspark_flume_landing_end_offset") == LINES
    assert stored.value("pyspark_flume_duplicate_events_total") == 0
    assert flume.value("Flume_Open", component="buffer", type="CHANNEL") == 1
    assert {family.name for family in openmetrics(strict)} == {f.name for f in flume.families}
    assert {name_of(family) for family in flume.families} == names_on_page("Flume_")
    told = {name_of(family) for family in stored.families}
    assert names_on_page("pyspark_flume_") - told == {
        "pyspark_flume_agent_open_connections",
        "pyspark_flume_agent_errors_total",  # of the poller
    }
    remarks = lint(flume.text)
    assert remarks and all(remark.endswith(CASE) for remark in remarks), remarks
