"""An hour of load on the lab, with a kill each minute: make soak SOAK_MINUTES=60.

    python -m tools.soak --minutes 60 --rate 20000 --kill-seconds 60 --seed 1 --json soak.json

Lines go through Flume with exactly-once.conf, the receiver, its landing log, and both queries of
the lesson `structured`, on the local runtime. Agent, receiver and driver are killed (SIGKILL) in
turn. In the end, no line may be lost or counted twice; and memory, open files and disk may not have
grown (see `verdict`). The exit code is 0 if all of this is so, 1 if not; in the latter case the
lab's logs and state stay.
"""

import argparse
import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from flumelab import settings, terminal_output
from flumelab.errors import LabError
from tools.soak import samples, verdict
from tools.soak.lab import PARTS, SoakLab
from tools.soak.verdict import MIB, Result

SAMPLE_SECONDS = 5.0
REPORT_SECONDS = 60.0
Options = argparse.Namespace


def main() -> int:
    """Run with the process's arguments and return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("soak: ended by SIGTERM"))
    options = _options()
    lab = SoakLab(settings.load(), say)
    try:
        result = soak(lab, options)
    except KeyboardInterrupt:
        say(f"stopped; logs and state: {lab.state.folder}")
        return 130
    except LabError as error:
        say(f"{error}\nits logs: {lab.state.logs}")
        return 1
    finally:
        lab.end()
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result.as_json(), indent=1))
    show(result)
    if result.problems:
        say(f"failed: {'; '.join(result.problems)}; logs and state: {lab.state.folder}")
        return 1
    lab.remove()
    say("passed")
    return 0


def soak(lab: SoakLab, options: Options) -> Result:
    """Run the load, with its kills, to the end."""
    lab.start()
    lines = int(options.minutes * 60 * options.rate)
    kills: Counter[str] = Counter()
    ended: list[str] = []
    seen: list[samples.Sample] = []
    slowest = reported = 0.0
    plan = strikes(options.kill_seconds, options.minutes * 60, options.seed)
    with lab.load(lines, options.rate, options.seed) as generator:
        began = time.monotonic()
        next_strike = next(plan, None)
        while generator.poll() is None:
            seconds = time.monotonic() - began
            ended += lab.revive()
            if next_strike and seconds >= next_strike[0]:
                slowest = max(slowest, lab.kill(next_strike[1]))
                kills[next_strike[1]] += 1
                next_strike = next(plan, None)
            lab.remove_finished_files()
            seconds = time.monotonic() - began
            due = min(lines, int(seconds * options.rate))
            seen.append(samples.take(lab, seconds, max(0, due - lab.counted())))
            if seconds >= reported:
                say(progress(seen[-1], kills))
                reported += REPORT_SECONDS
            time.sleep(max(0.0, SAMPLE_SECONDS - (time.monotonic() - began - seconds)))
        if generator.returncode:
            raise LabError(f"the generator ended with exit code {generator.returncode}")
    loaded = time.monotonic()
    say("the load is over; waiting until all is counted")
    balance, ended_later = lab.settle()
    return Result(
        minutes=options.minutes,
        rate=options.rate,
        kill_seconds=options.kill_seconds,
        seed=options.seed,
        kills=kills,
        ended=ended + ended_later,
        slowest_return=slowest,
        seconds_until_counted=time.monotonic() - loaded,
        balance=balance,
        samples=seen,
        trends=verdict.trends(seen, loaded - began),
    )


def strikes(every: float, seconds: float, seed: int) -> Iterator[tuple[float, str]]:
    """Yield when to kill which part: each in turn, at a random moment of its interval.

    The last interval has no kill, so that what follows the last one is seen, too.
    """
    chance = random.Random(seed)
    parts = cycle(PARTS)
    for number in range(max(0, int(seconds / every) - 1) if every else 0):
        yield every * (number + chance.uniform(0.3, 0.9)), next(parts)


def progress(sample: samples.Sample, kills: Counter[str]) -> str:
    """One line about how the load is going."""
    memory = [f"{part} {sample.values.get(f'{part} memory', 0) / MIB:,.0f} MiB" for part in PARTS]
    disk = sum(size for series, size in sample.values.items() if series.endswith("disk"))
    return (
        f"minute {sample.seconds / 60:.0f}: {kills.total()} kills, {sample.behind:,} lines behind, "
        f"{', '.join(memory)}, disk {disk / MIB:,.0f} MiB"
    )


def show(result: Result) -> None:
    """Print what happened, and the table."""
    lines = result.balance
    say(
        f"{lines.generated:,} lines, lost {lines.lost:,}, duplicated {lines.duplicated:,}; "
        f"{', '.join(f'{part} killed {times}' for part, times in result.kills.items())}"
    )
    behind = max((sample.behind for sample in result.samples), default=0)
    say(
        f"a killed part was back after at most {result.slowest_return:.0f} s; at most {behind:,} "
        f"lines were behind; all were counted {result.seconds_until_counted:.0f} s after the last"
    )
    terminal_output.console().print(result.table())
    if not result.judged:
        say(f"too short to say what grows: that needs {verdict.JUDGED_KILLS} kills")


def say(text: str) -> None:
    """Print a line."""
    print(f"soak: {text}", flush=True)


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="tools.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20_000, help="lines per second")
    parser.add_argument("--kill-seconds", type=float, default=60, help="between two kills; 0: none")
    parser.add_argument("--seed", type=int, default=1, help="of the lines and of the kills")
    parser.add_argument("--json", type=Path, default=Path("soak.json"), help="where results go")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
