from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from loadgen.scenarios.event_scenario import START
from loadgen.scenarios.sensors import DEVICES, Sensors

LINE = b"2026-01-01T00:00:03Z,hall-04,29.74,1044.81"


def test_a_reading_has_centidegrees_and_pascals() -> None:
    batch = Sensors(1).account(LINE + b"\n" + LINE.replace(b"29.74", b"-0.04") + b"\r\n")
    assert batch.malformed == 0
    assert batch.events == {
        "time": [START + 3, START + 3],
        "device": ["hall-04", "hall-04"],
        "centidegrees": [2974, -4],
        "pascals": [104481, 104481],
        "fault": [None, None],
    }


@pytest.mark.parametrize(
    "line",
    [
        b"",
        LINE + b",",
        LINE[:-1],
        LINE.replace(b"29.74", b"29"),
        LINE.replace(b"29.74", b"2.974e1"),
        LINE.replace(b"29.74", b"+29.74"),
        LINE.replace(b"29.74", b"NaN"),
        LINE.replace(b"1044.81", b"-1044.81"),
        LINE.replace(b"hall-04", b""),
        LINE.replace(b"hall-04", b"hall 4"),
    ],
)
def test_any_other_line_is_malformed(line: bytes) -> None:
    assert Sensors(1).account(line + b"\n").malformed == 1


def off_the_law(line: str) -> float:
    """Return by how many hectopascals the pressure is off what the temperature predicts."""
    _, _, temperature, pressure = line.split(",")
    return float(pressure) - 3.45 * (273.15 + float(temperature))


def test_the_planted_faults_are_those_that_break_the_gas_law() -> None:
    batch = Sensors(1).generate(50_000)
    assert batch.events
    faults = batch.events["fault"]
    for line, fault in zip(batch.data.decode().splitlines(), faults, strict=True):
        off = abs(off_the_law(line))
        assert off > 50 if fault else off < 3, (line, fault)
    assert 100 < Counter(faults)["spike"] < 200
    assert 60 < Counter(faults)["leak"] < 140


def test_a_device_reports_once_every_ten_seconds() -> None:
    events = Sensors(3).generate(3_000).events
    assert events
    times = defaultdict(list)
    for time, device in zip(events["time"], events["device"], strict=True):
        times[device].append(time)
    assert sorted(times) == sorted(name for name, _ in DEVICES)
    for reported in times.values():
        assert reported == list(range(reported[0], reported[0] + 1_000, 10))
        assert START <= reported[0] < START + 10
    assert list(events["time"]) == sorted(events["time"])


def test_the_three_places_drift_and_stay_apart() -> None:
    events = Sensors(1).generate(30 * 6 * 60 * 8).events  # eight hours
    assert events
    means: dict[str, list[float]] = {"cold": [], "hall": [], "oven": []}
    hour = 30 * 6 * 60
    for start in range(0, len(events["time"]), hour):
        for place, by_hour in means.items():
            found = [
                events["centidegrees"][i]
                for i in range(start, start + hour)
                if events["device"][i].startswith(place) and not events["fault"][i]
            ]
            by_hour.append(sum(found) / len(found) / 100)
    for place, usual in (("cold", 4), ("hall", 30), ("oven", 60)):
        expected = [usual + drift for drift in (2, 6, 6, 2, -2, -6, -6, -2)]
        assert means[place] == pytest.approx(expected, abs=0.1)
