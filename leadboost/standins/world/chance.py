"""Draws of the demo world beyond the even ones."""

from collections.abc import Sequence
from typing import TypeVar

from leadboost.clock import Rng

T = TypeVar("T")


def pick(rng: Rng, items: Sequence[T]) -> T:
    """One of them, each as likely."""
    return items[min(int(rng.uniform(0.0, len(items))), len(items) - 1)]


def pick_weighted(rng: Rng, items: Sequence[T], weights: Sequence[float]) -> T | None:
    """One of them in proportion to its weight; None when all weights are zero."""
    drawn = rng.uniform(0.0, sum(weights))
    for item, weight in zip(items, weights, strict=True):
        drawn -= weight
        if weight > 0.0 and drawn <= 0.0:
            return item
    return None


def bell(rng: Rng) -> float:
    """Nearly normal, mean 0 and deviation 1: the sum of twelve even draws, less six."""
    return sum(rng.uniform(0.0, 1.0) for _ in range(12)) - 6.0
