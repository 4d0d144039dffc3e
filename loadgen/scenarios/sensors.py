"""Scenario `sensors`: readings from thirty vessels, as CSV, with a slow drift and planted faults.

    2026-01-01T00:00:03Z,hall-04,29.74,1044.81
    time, device, temperature in degrees Celsius, pressure in hectopascals

The vessels are sealed, so pressure rises with the absolute temperature, about 3.5 hPa per degree
(Gay-Lussac's law). Ten are in a cold store, ten in a hall, ten beside ovens. These places are about
26 and 30 degrees apart; each drifts by 8 degrees up and down in eight hours of event time.

An event has centidegrees, pascals and the planted fault. A "spike" is a temperature that is 16 to
25 degrees off, with an unchanged pressure; a "leak" is a pressure that is 55 to 150 hPa too low;
otherwise the fault is None. With either fault the pressure is at least 50 hPa off what the
temperature predicts; the noise is below 3 hPa. Replayed lines have no known faults.
"""

from __future__ import annotations

import re
from math import exp

from loadgen.scenarios.event_scenario import START, TIME, EventScenario, second_of
from loadgen.scenarios.random_column import RandomColumn
from loadgen.scenarios.scenario import Events

# The ledger's rule: a whole line of four fields. The device contains no comma and no white space,
# the numbers have two decimals, and the time must exist. A "\r" may follow.
READING = re.compile(
    rf"(?P<time>{TIME}),(?P<device>[^,\s]+),"
    r"(?P<temperature>-?[0-9]{1,6}\.[0-9]{2}),(?P<pressure>[0-9]{1,6}\.[0-9]{2})\r?"
)

PLACES = {"cold": 400, "hall": 3_000, "oven": 6_000}  # centidegrees
DEVICES = [
    (f"{place}-{number:02}", temperature)
    for number in range(1, 11)
    for place, temperature in PLACES.items()
]
ROUND = 10  # seconds in which every device reports once
SWING, SWING_SECONDS = 800, 8 * 3600  # centidegrees up and down, and back
KELVIN = 27_315  # hundredths, at 0 degrees Celsius
PASCALS_PER_KELVIN = 345

FAULTS = {None: 995, "spike": 3, "leak": 2}
SPIKES = [sign * size for sign in (1, -1) for size in range(1_600, 2_501)]  # centidegrees
LEAKS = range(5_500, 15_001)  # pascals


class Sensors(EventScenario):
    """Every device reports once in ten seconds of event time, from 2026-01-01 UTC.

    Devices and drift are the same for every seed; the seed decides noise and faults. A device and
    a time identify one reading.
    """

    fields = ("time", "device", "centidegrees", "pascals", "fault")
    key = "device"
    sums = ("centidegrees", "pascals")
    malformed_rests = (
        ",hall-01,NaN,1045.87",
        ",hall-01,,1045.87",
        ",hall-01,29.74",
        ",hall-01,29,74,1045,87",
        ",,29.74,1045.87",
        ",hall-01,ERROR 17",
    )

    def __init__(self, seed: int, malformed: float = 0.0) -> None:
        super().__init__(seed, malformed)
        self._readings = 0
        self._warmth = RandomColumn(f"warmth {seed}", _bell(20))
        self._noise = RandomColumn(f"noise {seed}", _bell(80))
        self._faults = RandomColumn(f"faults {seed}", FAULTS.items())
        self._spikes = RandomColumn(f"spikes {seed}", ((size, 1) for size in SPIKES))
        self._leaks = RandomColumn(f"leaks {seed}", ((size, 1) for size in LEAKS))

    def draw(self, lines: int) -> tuple[Events, list[str]]:
        numbers = range(self._readings, self._readings + lines)
        self._readings += lines
        rounds = [divmod(number, len(DEVICES)) for number in numbers]
        times = [START + n * ROUND + device * ROUND // len(DEVICES) for n, device in rounds]
        devices = [DEVICES[device] for _, device in rounds]
        faults = self._faults.draw(lines)
        temperatures, pressures = [], []
        for time, (_, usual), warmth, noise, fault in zip(
            times, devices, self._warmth.draw(lines), self._noise.draw(lines), faults, strict=True
        ):
            temperature = usual + _drift(time - START) + warmth
            pressure = (KELVIN + temperature) * PASCALS_PER_KELVIN // 100 + noise
            if fault == "spike":
                temperature += self._spikes.draw(1)[0]
            elif fault == "leak":
                pressure -= self._leaks.draw(1)[0]
            temperatures.append(temperature)
            pressures.append(pressure)

        names = [name for name, _ in devices]
        rests = [
            f",{name},{temperature / 100:.2f},{pressure / 100:.2f}"
            for name, temperature, pressure in zip(names, temperatures, pressures, strict=True)
        ]
        columns = (times, names, temperatures, pressures, faults)
        return dict(zip(self.fields, columns, strict=True)), rests

    def read(self, line: str) -> tuple[int, str, int, int, None] | None:
        if not (reading := READING.fullmatch(line)):
            return None
        time = second_of(reading["time"])
        temperature, pressure = (
            int(reading[name].replace(".", "")) for name in ("temperature", "pressure")
        )
        return None if time is None else (time, reading["device"], temperature, pressure, None)


def _drift(seconds: int) -> int:
    """Return the centidegrees above the usual temperature: up, down and back at a constant rate."""
    quarter = SWING_SECONDS // 4
    phase = (seconds + quarter) % SWING_SECONDS  # 0 at the lowest point
    return SWING * (min(phase, SWING_SECONDS - phase) - quarter) // quarter


def _bell(deviation: int) -> list[tuple[int, float]]:
    """Return whole numbers with the weights of a normal distribution, within three deviations.

    They are drawn as whole numbers, not rounded from floats, to be the same on every machine.
    """
    within = range(-3 * deviation, 3 * deviation + 1)
    return [(number, exp(-0.5 * (number / deviation) ** 2)) for number in within]
