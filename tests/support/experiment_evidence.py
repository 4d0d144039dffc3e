"""What an experiment saw in which one OK was lost: 20 lines in two batches, the second twice."""

from typing import Any


def entry(t: float, kind: str, **values: Any) -> dict[str, Any]:
    return {"t": t, "kind": kind, **values}


def request(t: float, number: int, first: int, last: int, again: bool = False) -> dict[str, Any]:
    lines = [[first, last]]
    return entry(t, "request", id=number, lines=lines, events=last - first + 1, again=again)


def answer(t: float, number: int, lost: str = "", ok: bool = True) -> dict[str, Any]:
    return entry(t, "answer", id=number, ok=ok, lost=lost)


SEEN = [
    entry(100, "file", lines=[[1, 20]]),
    entry(101, "put", new=20, total=20, fill=20),
    request(102, 1, 1, 10),
    answer(103, 1),
    request(104, 2, 11, 20),
    entry(105, "fault", do="lose-ok", told="the OK is lost", at="answered = 20"),
    answer(106, 2, lost="cut"),
    entry(107, "heal", text="the fault ends"),
    request(108, 3, 11, 20, again=True),
    answer(109, 3),
]
