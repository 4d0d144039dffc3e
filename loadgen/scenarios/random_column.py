"""Reproducible random draws by weight."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class RandomColumn(Generic[T]):
    """One part of every line, drawn by weight.

    It has its own random stream, so n draws and then m give the same as n + m draws at once.
    The text of its seed decides every draw, so changing it changes the lines of every run.
    """

    def __init__(self, seed: str, weights: Iterable[tuple[T, float]]) -> None:
        pairs = list(weights)
        self._values = [value for value, _ in pairs]
        self._cumulative = list(accumulate(weight for _, weight in pairs))
        self._choices = Random(seed).choices

    def draw(self, count: int) -> list[T]:
        return self._choices(self._values, cum_weights=self._cumulative, k=count)


def zipf(values: Iterable[T]) -> list[tuple[T, float]]:
    """Weight the n-th value 1/n."""
    return [(value, 1 / rank) for rank, value in enumerate(values, 1)]
