"""When a verdict is due: a busy machine is waited for, and a number that may still change."""

from dataclasses import replace

import pytest

from flumelab.counts import Counts
from flumelab.errors import LabError
from flumelab.learn import watched_run
from flumelab.learn.exercise import Run
from flumelab.learn.pulse import Pulse
from flumelab.learn.watched_run import WatchedRun
from flumelab.lessons import catalogue
from flumelab.runtimes.runtime import Service

LESSON = catalogue.find("url-counts")
RIGHT = {"/": 3}


class Script:
    """A runtime and a pulse whose states follow each other, one each time the clock moves."""

    is_known = True

    def __init__(self, *states):
        self.states = list(states)
        self.now = 0.0
        self.beaten = 0
        self.pace = 0.5

    @property
    def state(self):
        return self.states[min(int(self.now), len(self.states) - 1)]

    def sleep(self, seconds):
        self.now += 0.5
        self.beaten += self.pace

    def counts(self):
        return Counts(dict(self.state.get("found", {})))

    def hops(self, port):
        return dict(self.state.get("hops", {"received": 3, "sent": 3}))

    def services(self):
        dead = self.state.get("dead", ())
        return [Service(name, "stopped") for name in dead]

    def log_tail(self, service, lines):
        return self.state.get("log", f"the log of {service}")

    def mark(self):
        self.beaten = 0

    def beats(self):
        return int(self.beaten)

    def seconds_behind(self):
        return self.state.get("behind", 0)


@pytest.fixture
def watched(monkeypatch):
    def make(*states, knows_conf=True, **options):
        script = Script(*states)
        monkeypatch.setattr(watched_run, "flume_hops", script.hops)
        monkeypatch.setattr(watched_run.time, "sleep", script.sleep)
        monkeypatch.setattr(watched_run.time, "monotonic", lambda: script.now)
        monkeypatch.setattr(watched_run, "slowness", lambda: 1.0)
        run = Run(LESSON, **options)
        return WatchedRun(
            script, LESSON, run, 0, script, knows_conf, {}, lambda name: None, started=0.0
        )

    return make


def test_right_numbers_must_outlive_a_micro_batch(watched):
    run = watched({}, {"found": RIGHT}, {"found": {"/": 6}})
    run.until_settled(3, RIGHT)
    assert run.found == {"/": 6}


def test_a_batch_that_ends_while_the_numbers_are_read_is_not_yet_believed(watched):
    run = watched({})
    found = [{}, RIGHT, RIGHT, {"/": 6}]

    def counts():
        read = found.pop(0) if len(found) > 1 else found[0]
        run.runtime.beaten = int(read == RIGHT and len(found) == 1)  # ends after the reading
        return Counts(read)

    run.runtime.counts = counts
    run.until_settled(3, RIGHT)
    assert run.found == {"/": 6}


def test_right_numbers_that_stay_are_the_verdict(watched):
    run = watched({}, {"found": RIGHT})
    run.until_settled(3, RIGHT)
    assert run.found == RIGHT and not run.ended


def test_a_right_number_is_not_believed_before_flume_has_sent_all(watched):
    late = {"found": RIGHT, "hops": {"received": 4, "sent": 3}}
    run = watched(late, late, late, late, {"found": {"/": 4}, "hops": {"received": 4, "sent": 4}})
    run.until_settled(4, RIGHT)
    assert run.found == {"/": 4}


def test_a_query_that_rests_until_its_next_trigger_may_still_find_the_rest(watched):
    run = watched({"found": {"/": 1}}, {"found": {"/": 1}}, {"found": RIGHT})
    run.runtime.pace = 1.5  # it is found at rest each time that it is asked
    run.until_settled(3, RIGHT)
    assert run.found == RIGHT
    run = watched({}, {}, {"found": {"/": 1}})
    run.runtime.pace = 1.5
    run.until_counted(3)
    assert run.found == {"/": 1}


def test_settle_is_the_least_time(watched):
    run = watched(*[{"found": RIGHT}] * 6, {"found": {"/": 9}}, settle=8.0)
    run.until_settled(3, RIGHT)
    assert run.found == {"/": 9}


def test_a_program_that_ends_ends_the_wait(watched):
    run = watched({"found": RIGHT}, {"found": RIGHT, "dead": [LESSON.program.service]})
    run.until_settled(3, RIGHT)
    assert run.ended


def test_a_dead_agent_is_a_fault_of_the_machine_if_the_conf_is_the_labs(watched):
    with pytest.raises(LabError, match="Flume ended:\nthe log of flume"):
        watched({"dead": ["flume"]}).until_settled(3, RIGHT)
    run = watched({"dead": ["flume"]}, knows_conf=False)
    run.until_settled(3, RIGHT)
    assert run.found == {}


def test_an_agent_that_never_answers_is_a_fault_of_the_machine(watched):
    with pytest.raises(LabError, match="the machine is too busy"):
        watched({"hops": {}}).until_settled(3, RIGHT)


def test_an_agent_that_cannot_use_the_learners_conf_is_not_waited_for_to_the_end(watched):
    log = "10:00:00 ERROR Application: Exception follows. | java.lang.Exception: no such type | \n"
    run = watched({"hops": {}, "log": log}, knows_conf=False)
    run.until_settled(3, RIGHT)
    assert run.runtime.now < 10
    run = watched({"hops": {}}, knows_conf=False)  # it may still be starting
    run.until_settled(3, RIGHT)
    assert run.runtime.now >= run.run.seconds


def test_a_program_that_is_far_behind_when_the_time_is_over_was_not_checked(watched):
    changing = [{"found": {"/": n}, "behind": 40} for n in range(200)]
    with pytest.raises(LabError, match="Spark is 40 s behind"):
        watched(*changing).until_settled(3, RIGHT)
    changing = [{"found": {"/": n}, "behind": 10} for n in range(200)]
    run = watched(*changing)
    run.until_settled(3, RIGHT)
    assert run.found != RIGHT


def test_a_wave_is_over_once_it_is_counted(watched):
    run = watched({}, {}, {"found": {"/": 1}})
    run.until_counted(3)
    assert run.found == {"/": 1}


@pytest.mark.parametrize(("behind", "seconds"), [(0, 3.5), (8, 8.5)])
def test_a_wave_is_over_once_spark_has_had_it_though_the_numbers_change_for_ever(
    watched, behind, seconds
):
    run = watched(*[{"found": {"/": n}, "behind": behind} for n in range(1, 200)])
    run.until_counted(3)
    assert run.runtime.now == pytest.approx(seconds, abs=1)


def test_a_wave_is_not_over_while_a_query_that_starts_has_counted_nothing(watched):
    run = watched(*[{}] * 12, {"found": {"/": 1}})
    run.runtime.pace = 0  # no micro-batch, and no rest
    run.runtime.beats = lambda: int(bool(run.found))
    run.until_counted(3)
    assert run.found == {"/": 1}


def test_the_last_wave_has_time_of_its_own_whatever_the_others_took(watched):
    late = {"found": {"/": 1}, "hops": {"received": 3, "sent": 3}}
    run = watched(*[late] * 20, *[late | {"hops": {"received": 6, "sent": 6}}] * 9, seconds=15)
    run.runtime.now = 16.0
    run.until_settled(6, RIGHT)
    assert run.hops["sent"] == 6


def test_what_a_kept_agent_has_counted_before_is_not_this_checks(watched):
    run = watched({"found": RIGHT, "hops": {"received": 13, "sent": 13}})
    run = replace(run, before={"received": 10, "sent": 10})
    run.until_settled(3, RIGHT)
    assert run.hops == {"generated": 3, "received": 3, "sent": 3}


def test_how_far_spark_is_behind_is_the_age_of_its_newest_batch(monkeypatch):
    monkeypatch.setattr("flumelab.learn.pulse.time.time", lambda: 120.0)
    for completed, seconds in [((10, 100.0), 20.0), ((0, 0.0), 0.0), (None, 0.0)]:
        monkeypatch.setattr(Pulse, "_completed", lambda self, known=completed: known)
        assert Pulse(None).seconds_behind() == seconds


def test_batches_that_spark_still_catches_up_on_are_no_reason_to_stop_waiting(monkeypatch):
    newest = [(10, 100.0), (12, 102.0), (14, 104.0), (15, 105.0), (17, 107.0)]
    monkeypatch.setattr(Pulse, "_completed", lambda self: newest[0])
    monkeypatch.setattr("flumelab.learn.pulse.time.time", lambda: 104.5)
    pulse = Pulse(None)
    pulse.mark()
    beats = []
    while newest:
        beats.append(pulse.beats())
        newest.pop(0)
    assert beats == [0, 0, 0, 1, 3]
