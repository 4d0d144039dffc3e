"""Answers are due in the order of the calls, whichever batch is stored first."""

from __future__ import annotations

from concurrent.futures import Future

from pyspark_flume.ingest.pending_answers import PendingAnswers


def test_a_call_that_waits_holds_up_those_after_it() -> None:
    answers: PendingAnswers[str] = PendingAnswers()
    first: Future[bool] = Future()
    second: Future[bool] = Future()
    answers.add("first", first)
    answers.add("second", second)

    second.set_result(True)
    assert list(answers.take_settled()) == []
    assert len(answers) == 2

    first.set_result(True)
    assert list(answers.take_settled()) == [("first", True), ("second", True)]
    assert len(answers) == 0


def test_a_batch_that_could_not_be_stored_is_answered_so() -> None:
    answers: PendingAnswers[str] = PendingAnswers()
    outcome: Future[bool] = Future()
    answers.add("call", outcome)
    outcome.set_result(False)

    assert list(answers.take_settled()) == [("call", False)]


def test_a_call_without_a_batch_waits_only_for_its_turn() -> None:
    answers: PendingAnswers[str] = PendingAnswers()
    outcome: Future[bool] = Future()
    answers.add("handshake", None)
    answers.add("batch", outcome)
    answers.add("ping", None)

    assert list(answers.take_settled()) == [("handshake", True)]
    outcome.set_result(True)
    assert list(answers.take_settled()) == [("batch", True), ("ping", True)]


def test_a_call_is_answered_once() -> None:
    answers: PendingAnswers[str] = PendingAnswers()
    answers.add("ping", None)

    assert list(answers.take_settled()) == [("ping", True)]
    assert list(answers.take_settled()) == []
