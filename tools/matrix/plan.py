"""What ``make matrix`` runs: the versions, and the tests that stand for what people use."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs/reference/compatibility.json"
PAGE = ROOT / "docs/reference/compatibility.md"

SPARKS = ("4.0.5", "4.1.4", "4.2.1", "4.3.0")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
JAVAS = ("17", "21", "25")
JAVAS_OF = {"3.11": ("17",), "3.12": ("21",), "3.13": ("17", "25"), "3.14": ("25",)}
"""The Javas that are tried with a Python: each of them, but not each with each other."""

OLDER_FLUMES = ("1.9", "1.10")
"""They are in runtimes/older-flume; all other tests send from Flume 1.11."""

_SOURCE = "tests/integration/test_structured_source.py"
_READERS = "tests/integration/test_readers_agree.py"
_PULL = "tests/integration/test_structured_pull.py"
_OLDER = "tests/integration/test_older_flume.py"

CONNECT = '`format("flume")`, Spark Connect'

CHECKS: dict[str, tuple[str, ...]] = {
    "`FlumeUtils`, push": (
        "tests/integration/test_receiver.py::"
        "test_an_event_is_its_headers_and_its_decoded_body_in_the_order_of_sending",
    ),
    "`FlumeUtils`, pull": (
        "tests/integration/test_unmodified_program.py::"
        "test_a_course_program_that_pulls_counts_a_log_as_it_did_on_spark_2",
    ),
    "`FlumeUtils`, restart": (
        "tests/integration/test_checkpoint_restart.py::"
        "test_what_was_answered_ok_before_a_kill_of_the_driver_is_counted_after_its_restart",
        "tests/integration/test_checkpoint_restart.py::"
        "test_state_and_windows_are_right_in_every_batch_after_a_restart",
        "tests/integration/test_checkpoint_restart.py::"
        "test_a_window_still_takes_away_what_leaves_it_after_a_restart",
    ),
    '`format("flume")`': (
        f"{_SOURCE}::test_an_event_is_a_row_and_nothing_has_to_be_registered",
        f"{_SOURCE}::test_a_query_with_a_port_receives_while_another_one_reads",
        f"{_SOURCE}::test_a_query_that_starts_changes_nothing_that_another_query_reads[flume_again]",
        f"{_SOURCE}::test_retention_by_commit_removes_what_the_query_has_done",
        f"{_SOURCE}::test_a_query_may_name_the_columns_that_it_wants",
        f"{_SOURCE}::test_a_checkpoint_of_another_log_is_refused",
        f"{_PULL}::test_a_query_has_each_line_once_of_an_agent_that_is_killed",
        f"{_READERS}::test_both_give_the_same_rows",
        f"{_READERS}::test_a_value_stays_right_when_the_next_events_are_read",
        f"{_READERS}::test_a_stream_is_read_in_the_jvm[as it is]",
    ),
    '`format("flume")`, restart': (
        f"{_SOURCE}::test_a_killed_driver_continues_with_each_event_once",
    ),
    '`format("flume")`, limits': (
        f"{_SOURCE}::test_a_query_continues_from_its_checkpoint_in_batches_within_its_limit",
        f"{_SOURCE}::test_available_now_reads_the_events_of_its_start_in_several_batches",
    ),
    **{
        f"Flume {flume}, {what}": tuple(f"{_OLDER}::{test}{flume}]" for test in tests)
        for flume in OLDER_FLUMES
        for what, tests in {
            "avro sink": (
                "test_an_older_flumes_avro_sink_pushes_each_line_once[plain-",
                "test_an_older_flumes_avro_sink_pushes_each_line_once[deflate-",
                "test_an_older_flumes_file_channel_empties_into_a_landing_log[",
            ),
            "SparkSink": ("test_spark_polls_each_line_once_from_an_older_flume[",),
        }.items()
    },
    CONNECT: (
        "tests/integration/test_connect.py::"
        "test_a_client_of_a_local_server_counts_each_event_of_a_query_that_listens",
        "tests/integration/test_connect.py::"
        "test_a_client_of_a_server_on_another_port_counts_each_event",
    ),
}
"""Each row of the page with its tests."""

EXTRAS = {"": [name for name in CHECKS if name != CONNECT], "[connect]": [CONNECT]}
"""What the wheel is installed with, one after the other, and the checks that then run."""
