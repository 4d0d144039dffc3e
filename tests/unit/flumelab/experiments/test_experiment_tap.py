"""The tap: which lines pass, and what each fault does to the batch that reaches its count."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flumelab.experiments.avro_frames import FrameReader, bodies
from flumelab.experiments.evidence import Evidence
from flumelab.experiments.experiment import Count, Fault
from flumelab.experiments.plan import Plan
from flumelab.experiments.tap import Tap
from flumelab.experiments.truth import Truth
from tests.support.avro_client import (
    BOTH,
    FAILED,
    OK,
    AvroClient,
    append,
    append_batch,
    frame,
    handshake,
    lines,
)
from tests.support.ports import free_port
from tests.support.waiting import wait_for

LINES = [f"line {number}".encode() for number in range(1, 31)]


class Receiver:
    """Says OK to each frame, or nothing while it is `mute`."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.torn = 0
        self.answer = OK
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                side, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(side,), daemon=True).start()

    def _serve(self, side: socket.socket) -> None:
        reader, first, whole = FrameReader(), True, True
        try:
            while data := side.recv(1 << 16):
                whole = False
                for each in reader.feed(data):
                    whole = True
                    self.bodies += bodies(each.payload, first)
                    serial = int.from_bytes(each.raw[:4], "big")
                    side.sendall(frame(serial, (BOTH if first else b"") + self.answer))
                    first = False
        except OSError:
            pass
        self.torn += not whole

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


class Tapped:
    def __init__(self, receiver: Receiver, *faults: Fault) -> None:
        self.evidence = Evidence()
        self.done: list[Fault] = []
        self.plan = Plan(faults, self.evidence, self.done.append)
        self.port = free_port()
        self.tap = Tap(self.port, receiver.port, self.evidence, Truth(LINES), self.plan.reached)

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in self.evidence.entries() if entry["kind"] == kind]


@pytest.fixture
def tapped(receiver: Receiver) -> Iterator[Callable[..., Tapped]]:
    made: list[Tapped] = []

    def make(*faults: Fault) -> Tapped:
        made.append(Tapped(receiver, *faults))
        return made[-1]

    yield make
    for each in made:
        each.tap.close()


def fault(verb: str, hop: str, at: int, **more: Any) -> Fault:
    return Fault(Count(hop, at), verb, **more)


def send(client: AvroClient, first: int, last: int, shake: bool = False) -> bytes:
    batch = append_batch(lines(*LINES[first - 1 : last]))
    return client.call((handshake() if shake else b"") + batch)


def test_each_batch_passes_and_its_lines_are_known(
    receiver: Receiver, tapped: Callable[..., Tapped]
) -> None:
    its = tapped()
    with AvroClient(its.port) as client:
        assert send(client, 1, 10, shake=True) == BOTH + OK
        assert send(client, 11, 20) == OK
        assert client.call(append(lines(LINES[20])[0]), buffers=3) == OK
    assert receiver.bodies == LINES[:21]
    assert [entry["lines"] for entry in its.kinds("request")] == [
        ((1, 10),), ((11, 20),), ((21, 21),),
    ]  # fmt: skip
    wait_for(lambda: len(its.kinds("answer")) == 3, "each answer is noted")
    assert [(entry["ok"], entry["lost"]) for entry in its.kinds("answer")] == 3 * [(True, "")]
    assert (its.tap.sent, its.tap.answered) == (21, 21)
    assert its.tap.unanswered == set()
    assert its.tap.stored == set(range(1, 22))


def test_a_batch_that_is_cut_does_not_arrive_and_nothing_passes_until_it_is_mended(
    receiver: Receiver, tapped: Callable[..., Tapped]
) -> None:
    its = tapped(fault("cut", "sent", 15))
    client = AvroClient(its.port)
    assert send(client, 1, 10, shake=True) == BOTH + OK
    with pytest.raises(ConnectionError):
        send(client, 11, 20)
    wait_for(lambda: receiver.torn == 1, "half a batch has arrived")
    assert receiver.bodies == LINES[:10]
    with pytest.raises(ConnectionError):
        send(AvroClient(its.port), 11, 20, shake=True)
    its.tap.mend()
    with AvroClient(its.port) as again:
        assert send(again, 11, 20, shake=True) == BOTH + OK
    assert receiver.bodies == LINES[:20]
    assert its.kinds("request")[-1]["again"]
    wait_for(lambda: its.tap.unanswered == set(), "each line has its OK")


def test_an_ok_that_is_lost_leaves_the_batch_with_the_receiver_alone(
    receiver: Receiver, tapped: Callable[..., Tapped]
) -> None:
    its = tapped(fault("lose-ok", "answered", 10))
    with pytest.raises(ConnectionError):
        send(AvroClient(its.port), 1, 10, shake=True)
    wait_for(lambda: its.kinds("answer"), "the loss is noted")
    assert receiver.bodies == LINES[:10]
    assert its.tap.unanswered == set(range(1, 11))
    assert its.tap.stored == set(range(1, 11))
    with AvroClient(its.port) as again:
        assert send(again, 1, 10, shake=True) == BOTH + OK
    assert receiver.bodies == LINES[:10] * 2


def test_a_half_open_connection_is_silent_and_a_new_one_works(
    receiver: Receiver, tapped: Callable[..., Tapped]
) -> None:
    its = tapped(fault("half-open", "answered", 10))
    silent = AvroClient(its.port)
    silent.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        send(silent, 1, 10, shake=True)
    with AvroClient(its.port) as other:
        assert send(other, 1, 10, shake=True) == BOTH + OK
    wait_for(lambda: len(its.kinds("answer")) == 2, "both answers are noted")
    assert its.kinds("answer")[0]["lost"] == "silence"


def test_a_held_batch_waits_and_is_dropped_if_its_sink_has_gone(
    receiver: Receiver, tapped: Callable[..., Tapped]
) -> None:
    its = tapped(fault("hold", "sent", 10))
    client = AvroClient(its.port)
    client.send(frame(1, handshake() + append_batch(lines(*LINES[:10]))))
    wait_for(lambda: its.plan.left == [], "the fault has come")
    assert receiver.bodies == []
    client.socket.close()
    its.tap.mend()
    wait_for(lambda: its.kinds("lost-request"), "the batch is dropped")
    with AvroClient(its.port) as other:
        assert send(other, 11, 20, shake=True) == BOTH + OK
    assert receiver.bodies == LINES[10:20]


def test_a_refusal_is_no_ok(receiver: Receiver, tapped: Callable[..., Tapped]) -> None:
    its, receiver.answer = tapped(fault("lose-ok", "answered", 10)), FAILED
    with AvroClient(its.port) as client:
        assert send(client, 1, 10, shake=True) == BOTH + FAILED
    wait_for(lambda: its.kinds("answer"), "the answer is noted")
    assert its.tap.answered == 0
    assert not its.kinds("answer")[0]["ok"]
    assert its.plan.left


def test_a_part_is_killed_in_the_middle_of_the_batch_and_faults_wait_for_those_before(
    receiver: Receiver, tapped: Callable[..., Tapped]
) -> None:
    kill = fault("kill", "sent", 5, target="receiver")
    its = tapped(fault("slow", "sent", 15), kill)
    with AvroClient(its.port) as client:
        send(client, 1, 10, shake=True)
        assert its.done == []  # the first fault has not come
        send(client, 11, 20)
    assert its.done == [kill]
    assert [entry["do"] for entry in its.kinds("fault")] == ["slow", "kill receiver"]


def test_who_is_killed_with_an_ok_on_its_way_takes_it_along(
    receiver: Receiver, tapped: Callable[..., Tapped]
) -> None:
    its = tapped(fault("kill", "answered", 10, target="driver"))
    with pytest.raises(ConnectionError):
        send(AvroClient(its.port), 1, 10, shake=True)
    assert receiver.bodies == LINES[:10]
    assert its.kinds("answer")[0]["lost"] == "its sender was killed"
