"""What the page on the host adds to the state of the containers' page."""

import threading
from dataclasses import replace
from typing import Any

from flumelab.page import container
from flumelab.page.host_signs import HostSigns, with_signs
from flumelab.page.state import Link
from flumelab.signs import Level, Sign
from tests.support.metrics_page import HOP, STATE
from tests.support.waiting import wait_for

LOGGED = Sign("taken", "flume", Level.STUCK, "channel c", "it is locked", "end the other agent")
CALM = replace(STATE, parts=[replace(STATE.parts[0], state="running", reason="")], signs=[])


def state(seconds: float) -> dict[str, Any]:
    return replace(CALM, links=[Link("a", "channel:c", 5, seconds, "steady")]).as_json()


def test_a_sign_in_a_log_makes_its_part_and_its_hop_stuck_and_says_why() -> None:
    found = with_signs(state(20), [LOGGED])
    says = "channel c: it is locked; end the other agent"
    assert (found["parts"][0]["state"], found["parts"][0]["reason"]) == ("stuck", says)
    assert (found["hops"][0]["state"], found["hops"][0]["reason"]) == ("stuck", says)
    assert (found["lab"]["state"], found["lab"]["says"]) == ("broken", says)
    assert [sign["says"] for sign in found["signs"]] == [says]
    assert with_signs(found, [LOGGED])["signs"] == found["signs"]  # each sign once


def test_a_sign_about_one_hop_says_nothing_about_the_next() -> None:
    hops = replace(CALM, hops=[HOP, replace(HOP, kind="sink", name="s")]).as_json()
    found = with_signs(hops, [LOGGED])
    assert [hop["state"] for hop in found["hops"]] == ["stuck", "running"]


def test_a_warning_stops_nothing() -> None:
    found = with_signs(state(20), [replace(LOGGED, level=Level.WARNING)])
    assert found["lab"]["state"] == "running"
    assert len(found["signs"]) == 1


def test_logs_are_read_only_while_lines_wait_and_not_in_the_callers_thread() -> None:
    readers: list[str] = []

    def find() -> list[Sign]:
        readers.append(threading.current_thread().name)
        return [LOGGED]

    signs = HostSigns(find)
    assert signs.add(state(1))["signs"] == []
    assert readers == []
    wait_for(lambda: signs.add(state(20))["signs"], "the sign is found")
    assert len(readers) == 1
    assert readers != [threading.current_thread().name]
    assert signs.add(state(1))["signs"] == []


def test_the_containers_page_says_that_it_sees_no_logs_and_the_hosts_sees_them() -> None:
    place = container.place_of({})
    assert "logs" in place.unseen
    assert "flumelab status" in place.unseen
    shown = replace(CALM, lab=replace(CALM.lab, unseen=place.unseen)).as_json()
    assert HostSigns(lambda: []).add(shown)["lab"]["unseen"] == ""
