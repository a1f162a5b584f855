"""The words of a batch of texts as arrays, so that every later step runs on all texts at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from leadboost.domain.radar.fold import fold

U64: TypeAlias = NDArray[np.uint64]
Ints: TypeAlias = NDArray[np.int64]

_BASE = 0x9E3779B97F4A7C15 | 1
_POWERS = np.array([pow(_BASE, n + 1, 2**64) for n in range(256)], dtype=np.uint64)
_PAIR = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True)
class Words:
    """Folded words of some texts, end to end.

    ``hashes`` are 64 bits per word, the same on every host and in every process. Those of text ``n``
    are ``hashes[starts[n]:starts[n + 1]]``; ``texts`` are the folded texts themselves.
    """

    texts: Sequence[str]
    hashes: U64
    starts: Ints

    @property
    def counts(self) -> Ints:
        """Words per text."""
        return np.diff(self.starts)

    @property
    def owners(self) -> Ints:
        """The number of the text that each word belongs to."""
        return np.repeat(np.arange(len(self.texts)), self.counts)

    def pairs(self) -> tuple[U64, Ints]:
        """Hash each two neighbouring words of one text; returns the hashes and their owners."""
        if self.hashes.size < 2:
            return np.empty(0, np.uint64), np.empty(0, np.int64)
        owners = self.owners
        inside = owners[1:] == owners[:-1]
        first, second = self.hashes[:-1][inside], self.hashes[1:][inside]
        return mixed(first * _PAIR + second), owners[:-1][inside]


def read_words(texts: Sequence[str]) -> Words:
    """Fold texts and hash their words: a polynomial over the bytes of UTF-8, mixed as in SplitMix64."""
    folded = [fold(text) for text in texts]
    data = np.frombuffer(("\n".join(folded) + "\n").encode(), np.uint8)
    blank = data <= 32
    begins = np.flatnonzero(~blank & np.concatenate(([True], blank[:-1])))
    ends_of_texts = np.flatnonzero(data == 10)
    starts = np.concatenate(([0], np.searchsorted(begins, ends_of_texts)))
    return Words(texts=folded, hashes=_hashes(data, blank, begins), starts=starts)


def mixed(values: U64) -> U64:
    """Spread 64-bit values evenly: the finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _hashes(data: NDArray[np.uint8], blank: NDArray[np.bool_], begins: Ints) -> U64:
    if not begins.size:
        return np.empty(0, np.uint64)
    origin = np.zeros(data.size, np.int64)
    origin[begins] = begins
    offsets = np.arange(data.size) - np.maximum.accumulate(origin)
    terms = _POWERS[offsets.astype(np.uint8)]  # of 256, so this is the remainder
    terms *= data * ~blank
    return mixed(np.add.reduceat(terms, begins))
