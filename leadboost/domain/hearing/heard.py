"""What was heard before a spend: the features of its signals, averaged."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import fsum
from typing import Final

HEARD_VERSION: Final = "heard-2"
"""Stored features of another version are not read: neither to learn nor to forecast."""


def average(signals: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return each feature's mean over the signals that have it, by name; nothing for no signals.

    The order of the signals does not matter, to the last bit.
    """
    values: defaultdict[str, list[float]] = defaultdict(list)
    for features in signals:
        for name, value in features.items():
            values[name].append(value)
    return {name: fsum(known) / len(known) for name, known in sorted(values.items())}
