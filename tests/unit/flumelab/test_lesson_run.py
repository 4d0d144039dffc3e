"""The verdict of `flumelab run`: which keys a lesson must find, and which differ."""

import pytest

from flumelab import lesson_run, waiting
from flumelab.counts import MALFORMED, Counts
from flumelab.errors import LabError
from flumelab.ledger import HopCounts
from flumelab.lessons import catalogue
from flumelab.lessons.answer import Answer
from flumelab.runtimes.runtime import Service

EXPECTED = {
    "malformed": 2,
    "totals": {"tea": {"events": 3, "quantity": 4, "cents": 990}},
    "windows": [{"start": "S", "end": "E", "key": "tea", "events": 2, "cents": 600}],
    "sessions": [{"user": "u", "start": "S", "end": "E", "events": 7}],
    "faults": [{"time": "T", "device": "d", "fault": "leak"}],
}


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (Answer(), {"tea": 3}),
        (Answer(value="cents"), {"tea": 990}),
        (Answer("windows", "cents"), {"S tea": 600}),
        (Answer("sessions"), {"u S E": 7}),
        (Answer("faults"), {"T d": 1}),
    ],
)
def test_each_part_has_its_keys_and_malformed_lines_are_one_more(
    answer: Answer, keys: dict[str, int]
) -> None:
    assert answer.rows(EXPECTED) == keys | {MALFORMED: 2}
    assert answer.rows(EXPECTED | {"malformed": 0}) == keys


def test_keys_that_a_second_program_finds_again_have_its_prefix() -> None:
    totals = {key: {"quantity": 3} for key in ("tea", "gift-tea", "a gift-tea")}
    answer = Answer(value="quantity", repeated=("gift-", "wrap "))
    keys = {"tea": 3, "gift-tea": 3, "a gift-tea": 3, "wrap gift-tea": 3, MALFORMED: 2}
    assert answer.rows(EXPECTED | {"totals": totals}) == keys


def result(expected: dict[str, int], found: dict[str, int]) -> lesson_run.LessonResult:
    return lesson_run.LessonResult(catalogue.find("stateless"), expected, found, "", 1.0)


def test_a_key_that_is_missing_wrong_or_too_many_is_a_difference() -> None:
    one = result({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 7, "d": 4})
    assert one.differences == {"b": (2, 7), "c": (3, None), "d": (None, 4)}
    assert not one.right
    assert result({"a": 1}, {"a": 1}).right


def test_nothing_found_where_nothing_was_expected_is_not_right() -> None:
    assert not result({}, {}).right


class FakeRuntime:
    """A lab whose program has found `found`; it records which methods are called."""

    def __init__(self, found: dict[str, int], code: int = 0, stopped: str = "") -> None:
        self.found, self.code, self.stopped = found, code, stopped
        self.calls: list[str] = []

    def __getattr__(self, name: str):
        def call(*arguments: object, **options: object) -> object:
            self.calls.append(name)
            answers = {
                "feed": self.code,
                "expected": EXPECTED,
                "counts": Counts(self.found, malformed=2),
                "hop_counts": HopCounts(Counts({"tea": 3}, 2), 5, (), Counts(self.found, 2)),
                "log_tail": "the end",
                "target_options": [],
                "services": [
                    Service(name, "stopped" if name == self.stopped else "running")
                    for name in ("flume", "stream", "second")
                ],
            }
            return answers.get(name)

        return call


def test_a_run_begins_with_nothing_and_leaves_nothing() -> None:
    runtime = FakeRuntime({"tea": 3})
    [result] = lesson_run.run(runtime, [catalogue.find("stateless")], [], print)
    assert result.right
    assert runtime.calls[:5] == ["wipe", "build", "up", "target_options", "feed"]
    assert runtime.calls[-1] == "wipe"


def test_what_one_program_leaves_is_cleared_before_the_next() -> None:
    runtime = FakeRuntime({"tea": 3})
    chosen = [catalogue.find("stateless"), catalogue.find("windows")]
    assert [r.lesson for r in lesson_run.run(runtime, chosen, [], print)] == chosen
    kept = [call for call in runtime.calls if call in {"wipe", "clear_for_next", "up"}]
    assert kept == ["wipe", "up", "clear_for_next", "up", "wipe"]


def test_a_generator_that_fails_ends_the_run_and_leaves_nothing() -> None:
    runtime = FakeRuntime({"tea": 3}, code=2)
    with pytest.raises(LabError, match="exit code 2"):
        list(lesson_run.run(runtime, [catalogue.find("stateless")], [], print))
    assert runtime.calls[-1] == "wipe"


@pytest.mark.parametrize(
    ("lesson", "service", "program"),
    [
        ("stateless", "stream", "stateless.py"),
        ("fan-out", "stream", "fan_out_sales.py"),
        ("fan-out", "second", "fan_out_wrapping.py"),
    ],
)
def test_a_program_that_ends_is_not_waited_for(lesson: str, service: str, program: str) -> None:
    runtime = FakeRuntime({"tea": 1}, stopped=service)
    with pytest.raises(LabError, match=rf"{program} ended before everything was counted:\nthe end"):
        list(lesson_run.run(runtime, [catalogue.find(lesson)], [], print))


def test_the_demo_does_not_wait_for_a_program_that_has_ended() -> None:
    runtime = FakeRuntime({"tea": 1}, stopped="stream")
    with pytest.raises(
        LabError, match=r"stateless\.py ended before everything was counted:\nthe end"
    ):
        waiting.show_until_balanced(runtime, catalogue.find("stateless"))


def test_the_demo_reads_the_ledger_again_if_more_is_counted_than_was_generated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)
    answers = [
        HopCounts(Counts({"tea": generated}, 0), generated, (), Counts({"tea": counted}, 0))
        for generated, counted in [(3, 1), (5, 5)]
    ]
    runtime = FakeRuntime({"tea": 4})
    runtime.hop_counts = lambda: answers.pop(0)
    waiting.show_until_balanced(runtime, catalogue.find("stateless"))
    assert not answers, "balanced by the second answer"


def test_only_the_counts_are_asked_for_until_they_reach_what_was_generated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)
    agent = {"CHANNEL.c": {"EventPutSuccessCount": "5"}, "SINK.k": {"EventDrainSuccessCount": "5"}}
    every = [
        HopCounts(Counts({"tea": 5}, 0), 5, (agent,), Counts({"tea": counted}, 0))
        for counted in (1, 5)
    ]
    counts = [Counts({"tea": counted}, 0) for counted in (2, 4, 5)]
    runtime = FakeRuntime({})
    runtime.hop_counts = lambda: every.pop(0)
    runtime.counts = lambda: counts.pop(0)
    assert waiting.wait_until_settled(runtime, 60).settled
    assert (every, counts) == ([], [])


def test_what_is_not_counted_in_time_is_told_by_the_numbers_of_every_hop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0)
    runtime = FakeRuntime({"tea": 2})
    result = waiting.wait_until_settled(runtime, 0.05)
    assert (result.generated, result.lost) == (5, 1)
    assert runtime.calls[-1] == "hop_counts"
    assert "counts" in runtime.calls


def test_every_program_exists_and_its_header_says_how_to_run_it() -> None:
    from tests.support.spark import ROOT

    programs = {path.name for path in (ROOT / "spark-apps").glob("*.py")}
    known = [(lesson, p.file) for lesson in catalogue.LESSONS.values() for p in lesson.programs]
    assert {program for _, program in known} == programs
    for lesson, program in known:
        text = (ROOT / "spark-apps" / program).read_text(encoding="utf-8")
        assert "Expect:" in text
        assert (
            lesson.name in catalogue.LAB_LESSONS or f"Run it:  flumelab run {lesson.name}\n" in text
        )
        assert text.count("\n") <= 80
        assert (ROOT / "flume-conf" / lesson.conf).is_file()
