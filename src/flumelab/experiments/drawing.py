"""Draws steps as one SVG: a line for each part, time going down, an arrow for a batch."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from flumelab.experiments.steps import Step

LEFT, NOTES = 70, 360
WIDTHS = {"file": 60, "source": 90, "channel": 90, "sink": 80, "receiver": 150, "log": 120,
          "micro-batch": 110, "result": 80}  # fmt: skip
"""Each lane's distance from the one before; a batch's label has to fit between."""
NOTE_LEFT = 40
ROW, TEXT_LINE, TOP, BOTTOM = 26, 15, 40, 24
NOTE_CHARACTERS = 44
NAMES_EVERY = 30  # rows, so that the lanes' names are always in sight
STEPS_MAX, EDGE, AROUND = 300, 40, 60
ARROW = 6


@dataclass(frozen=True)
class Gap:
    """Steps that are left out."""

    steps: int


def shortened(steps: Sequence[Step], most: int = STEPS_MAX) -> list[Step | Gap]:
    """Leave out steps far from any fault, if there are more than `most`.

    What stays: the beginning, the end, and the steps around those with a note.
    """
    if len(steps) <= most:
        return list(steps)
    kept = set(range(EDGE)) | set(range(len(steps) - EDGE, len(steps)))
    for at, step in enumerate(steps):
        if step.note and len(kept) < most:
            kept |= set(range(max(0, at - AROUND // 4), min(len(steps), at + AROUND // 4)))
    found: list[Step | Gap] = []
    for at, step in enumerate(steps):
        if at in kept:
            found.append(step)
        elif found and isinstance(found[-1], Gap):
            found[-1] = Gap(found[-1].steps + 1)
        else:
            found.append(Gap(1))
    return found


def svg(steps: Sequence[Step | Gap], lanes: Sequence[str], label: str) -> str:
    """Return the picture as an ``<svg>`` element."""
    return _Drawing(steps, lanes).svg(label)


class _Drawing:
    def __init__(self, steps: Sequence[Step | Gap], lanes: Sequence[str]) -> None:
        self._steps, self._lanes = steps, lanes
        self._x: dict[str, int] = {}
        at = LEFT
        for lane in lanes:
            at += WIDTHS[lane]
            self._x[lane] = at
        self._right = at + NOTE_LEFT
        self._notes = [_wrapped(step) for step in steps]
        self._y = [TOP]
        self._headed: list[int] = []
        for row, note in enumerate(self._notes, 1):
            below = max(ROW, TEXT_LINE * len(note) + 8)
            if row % NAMES_EVERY == 0 and row < len(steps) - NAMES_EVERY // 3:
                self._headed.append(self._y[-1] + below + ROW - 4)
                below += ROW + 10
            self._y.append(self._y[-1] + below)

    def svg(self, label: str) -> str:
        width, height = self._right + NOTES, self._y[-1] + BOTTOM
        parts = [
            f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-label="{escape(label)}" xmlns="http://www.w3.org/2000/svg">',
            *self._windows(), *self._lane_lines(), *self._names(), *self._times(),
        ]  # fmt: skip
        for at, step in enumerate(self._steps):
            parts += self._gap(at, step) if isinstance(step, Gap) else self._step(at, step)
        return "\n".join([*parts, "</svg>"])

    def _windows(self) -> Iterator[str]:
        """The time of the fault, shaded: until it is healed and what died runs again."""
        begin, dead = None, False
        for at, step in enumerate(self._steps):
            if isinstance(step, Gap):
                continue
            if step.style == "fault":
                begin = at if begin is None else begin
                dead = dead or bool(step.dies)
            if step.style == "heal" and begin is not None and (step.lives or not dead):
                yield self._shade(begin, at)
                begin, dead = None, False
        if begin is not None:
            yield self._shade(begin, len(self._steps) - 1)

    def _shade(self, begin: int, end: int) -> str:
        top, bottom = self._y[begin], self._y[end + 1]
        return (
            f'<rect class="window" x="{LEFT}" y="{top}" width="{self._right - LEFT + NOTES}" '
            f'height="{bottom - top}"><title>While the fault lasts</title></rect>'
        )

    def _lane_lines(self) -> Iterator[str]:
        for lane, x in self._x.items():
            begin, alive = TOP - 12, True
            for at, step in enumerate(self._steps):
                if isinstance(step, Gap):
                    continue
                y = self._y[at] + ROW // 2
                if lane in step.dies and alive:
                    yield _line(x, begin, x, y, "lane")
                    yield _cross(x, y)
                    begin, alive = y, False
                elif lane in step.lives and not alive:
                    yield _line(x, begin, x, y, "lane dead")
                    begin, alive = y, True
            yield _line(x, begin, x, self._y[-1] + 8, "lane" if alive else "lane dead")

    def _names(self) -> Iterator[str]:
        for y in [TOP - 20, *self._headed]:
            for lane, x in self._x.items():
                yield f'<text class="name" x="{x}" y="{y}">{escape(lane)}</text>'

    def _times(self) -> Iterator[str]:
        last = -1.0
        for at, step in enumerate(self._steps):
            if not isinstance(step, Gap) and step.t - last >= 0.1:
                last = step.t
                y = self._y[at] + ROW // 2 + 4
                yield f'<text class="time" x="{LEFT - 14}" y="{y}">{step.t:.1f} s</text>'

    def _gap(self, at: int, gap: Gap) -> Iterator[str]:
        y = self._y[at] + ROW // 2
        middle = (LEFT + self._right) // 2
        yield _line(LEFT, y, self._right, y, "gap")
        text = f"{gap.steps:,} steps without a fault are left out here"
        yield f'<text class="gap-text" x="{middle}" y="{y - 4}">{text}</text>'

    def _step(self, at: int, step: Step) -> Iterator[str]:
        y = self._y[at] + ROW // 2
        yield f'<g class="{step.style}"><title>{escape(step.title)}</title>'
        if step.style in ("fault", "heal"):
            yield _line(LEFT, y, self._right, y, "moment")
        elif step.start == step.end:
            x = self._x[step.start]
            yield f'<circle cx="{x}" cy="{y}" r="5"/>'
            yield f'<text class="label" x="{x}" y="{y - 8}">{escape(step.label)}</text>'
        else:
            yield from self._arrow(y, step)
        for number, line in enumerate(self._notes[at]):
            place = f'x="{self._right + 10}" y="{y + 4 + number * TEXT_LINE}"'
            yield f'<text class="note" {place}>{escape(line)}</text>'
        yield "</g>"

    def _arrow(self, y: int, step: Step) -> Iterator[str]:
        start, end = self._x[step.start], self._x[step.end]
        way = 1 if end > start else -1
        if step.breaks:
            end = start + (end - start) * 6 // 10
        top, bottom = y - 4, y + 5
        if step.start == "sink" and way > 0:  # what the sink sends, it takes from the channel
            yield _line(self._x["channel"], top, start, top, "take")
        yield f'<path class="shaft" d="M{start} {top}L{end} {bottom}"/>'
        if step.breaks:
            yield _cross(end, bottom)
        else:
            back = end - way * ARROW * 1.6
            yield (
                f'<path class="head" d="M{end} {bottom}L{back:.0f} {bottom - ARROW}'
                f'L{back:.0f} {bottom + ARROW - 2}z"/>'
            )
        middle = (start + self._x[step.end]) // 2
        yield f'<text class="label" x="{middle}" y="{y - 6}">{escape(step.label)}</text>'


def _wrapped(step: Step | Gap) -> list[str]:
    return [] if isinstance(step, Gap) else textwrap.wrap(step.note, NOTE_CHARACTERS)


def _line(x1: int, y1: int, x2: int, y2: int, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _cross(x: int, y: int) -> str:
    d = f"M{x - 6} {y - 6}L{x + 6} {y + 6}M{x + 6} {y - 6}L{x - 6} {y + 6}"
    return f'<path class="cross" d="{d}"/>'
