"""How many mutants do the unit tests kill? ``python -m tools.mutants --count 45 --seed 1``.

A mutant is the connector with one small change in its landing log, protocol or intake, made by
cosmic-ray: `<=` for `<`, `or` for `and`, another number. It is killed if a unit test fails. One
that survives shows what no unit test looks at.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from cosmic_ray.work_item import MutationSpec

from tools.mutants import trial
from tools.mutants.choice import choose, equivalents
from tools.mutants.trial import Judge, Untestable, Verdict

SHARE_MIN = 0.95


def main() -> int:
    """Try a sample; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=45, help="how many mutants")
    parser.add_argument("--seed", type=int, default=1, help="which mutants")
    options = parser.parse_args()
    os.chdir(trial.ROOT)
    known = equivalents()
    with TemporaryDirectory(prefix="mutants-") as folder:
        scratch = Path(folder)
        mutants = trial.all_mutants(scratch)
        sample = choose(
            mutants,
            trial.place,
            lambda spec: (change := trial.change(spec)) is not None and change not in known,
            options.count,
            options.seed,
        )
        print(f"{len(sample)} of {len(mutants):,} mutants, seed {options.seed}", flush=True)
        try:
            verdicts = _try(sample, scratch)
        except Untestable as error:
            print(error, file=sys.stderr)
            return 2
    return _report(verdicts)


def _try(sample: list[MutationSpec], scratch: Path) -> list[Verdict]:
    judges: SimpleQueue[Judge] = SimpleQueue()
    count = os.cpu_count() or 1

    def judged(spec: MutationSpec) -> Verdict:
        judge = judges.get()
        try:
            verdict = judge.judge(spec)
        finally:
            judges.put(judge)
        print(_line(verdict), flush=True)
        return verdict

    with ThreadPoolExecutor(count) as pool:
        ready = [Judge(scratch / str(number)) for number in range(count)]
        seconds = list(pool.map(Judge.check, ready))  # together, as later: time-outs depend on it
        print(f"unit tests without a mutant: {max(seconds):.0f} s", flush=True)
        for judge in ready:
            judges.put(judge)
        return list(pool.map(judged, sample))


def _line(verdict: Verdict) -> str:
    said = "hung" if verdict.hung else "killed" if verdict.killed else "SURVIVED"
    change = verdict.change
    return f"{said:<8} {change.file}: {change.before}  ->  {change.after}"


def _report(verdicts: list[Verdict]) -> int:
    survivors = [verdict for verdict in verdicts if not verdict.killed]
    for verdict in survivors:
        change = verdict.change
        print(f"\nSURVIVED {change.file}, in {change.inside or 'no function'}\n{verdict.diff}")
    killed = len(verdicts) - len(survivors)
    share = killed / len(verdicts) if verdicts else 0.0
    print(
        f"\n{killed} of {len(verdicts)} killed, {share:.1%}; at least {SHARE_MIN:.0%} is asked for"
    )
    return 0 if share >= SHARE_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
