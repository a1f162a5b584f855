"""MinHash signatures and their bands: which texts are copies of one another, but for a few words.

Broder 1997 (resemblance of shingle sets) with the banding of Leskovec, Rajaraman, Ullman, "Mining of
Massive Datasets", section 3.4. Shingles are pairs of neighbouring folded words. datasketch hashes one
shingle of one text at a time: 170 us for a post of 40 words, 55 us by its bulk call, either of which is more
than the whole intake of a signal may take. Here a batch goes through numpy at once, some 4 us each.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from leadboost.domain.radar.words import U64, Ints, Words, mixed

Signatures: TypeAlias = NDArray[np.uint32]

SIZE = 64
BANDS = 6
ROWS = 4
MIN_WORDS = 3

_rng = np.random.Generator(np.random.PCG64(20_260_101))
_FACTORS = (_rng.integers(0, 2**32, SIZE, dtype=np.uint32) | np.uint32(1))[:, None]
_OFFSETS = _rng.integers(0, 2**32, SIZE, dtype=np.uint32)[:, None]
_BAND_SALTS = np.arange(1, BANDS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
_CHUNK = 2_048  # its hashes fit into a processor's cache


def signatures(words: Words) -> tuple[Signatures, NDArray[np.bool_]]:
    """Return one row of SIZE minima per text, and which texts have one: those of MIN_WORDS words or more.

    The share of equal entries of two rows estimates the Jaccard similarity of their shingle sets, with a
    standard error of at most 0.063.
    """
    long_enough = words.counts >= MIN_WORDS
    found = np.full((SIZE, len(words.texts)), 0xFFFFFFFF, np.uint32)
    shingles, owners = words.pairs()
    kept = long_enough[owners]
    shingles, owners = (shingles[kept] >> np.uint64(32)).astype(np.uint32), owners[kept]
    for start in range(0, shingles.size, _CHUNK):
        part, of = shingles[start : start + _CHUNK], owners[start : start + _CHUNK]
        hashed = part * _FACTORS
        hashed += _OFFSETS
        begins = np.flatnonzero(np.concatenate(([True], of[1:] != of[:-1])))
        minima = np.minimum.reduceat(hashed, begins, axis=1)  # along memory, which is what makes it fast
        found[:, of[begins]] = np.minimum(found[:, of[begins]], minima)
    return np.ascontiguousarray(found.T), long_enough


def bands(found: Signatures) -> NDArray[np.int64]:
    """Reduce each signature to BANDS keys of 64 bits. Texts that share one are candidates.

    Two texts of similarity s share one with probability 1 - (1 - s^4)^6: 0.96 at 0.8, 0.998 at 0.9.
    """
    grouped = found[:, : BANDS * ROWS].astype(np.uint64).reshape(len(found), BANDS, ROWS)
    keys: U64 = np.broadcast_to(_BAND_SALTS, (len(found), BANDS))
    for row in range(ROWS):
        keys = mixed(keys ^ grouped[:, :, row])
    return keys.view(np.int64)


def stored(found: Signatures) -> list[bytes]:
    """Cut each entry to its lower 16 bits, little-endian: unequal ones then look equal once in 65,536."""
    cut = found.astype("<u2")
    return [row.tobytes() for row in cut]


def similarity(kept: Sequence[bytes], ones: Ints, others: Ints) -> NDArray[np.float64]:
    """Estimate the Jaccard similarity of stored signatures: that of each of ``ones``, numbers of them, with
    its counterpart in ``others``."""
    table = np.frombuffer(b"".join(kept), "<u2").reshape(-1, SIZE)
    return np.asarray((table[ones] == table[others]).mean(axis=1), np.float64)
