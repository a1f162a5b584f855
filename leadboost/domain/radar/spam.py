"""The spam and low-value score: a logistic regression that operators' decisions teach, one by one.

Features are the set of a text's folded words, hashed into one table (Weinberger et al. 2009), and its
outward shape: length, shares of digits and capitals, exclamation marks, links, currency signs, longest
number. Steps are AdaGrad's (Duchi, Hazan, Singer 2011). Nothing is scored before ``MIN_LABELS`` decisions
of each kind: the score is then NaN.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from leadboost.domain.radar.words import Ints, Words, read_words

Floats: TypeAlias = NDArray[np.float32]

SLOTS: Final = 1 << 14
SHAPE_SLOTS: Final = 128
MIN_LABELS: Final = 10
EVEN: Final = 0.5
_STEP = 0.5
_CAPITAL, _SMALL, _DIGIT, _SHOUT, _MONEY = 1, 2, 3, 4, 5
_KINDS = np.zeros(256, np.uint8)
_KINDS[65:91], _KINDS[97:123], _KINDS[48:58] = _CAPITAL, _SMALL, _DIGIT
_KINDS[ord("!")] = _SHOUT
_KINDS[[ord("$"), 0xA3]] = _MONEY  # 0xA3 ends the pound sign in UTF-8
_KINDS[0xAC] = _MONEY  # and this the euro sign; the rare letter that ends so does little harm


@dataclass(frozen=True, slots=True)
class SpamFeatures:
    """The slots of some texts, end to end: those of text ``n`` are ``slots[starts[n]:starts[n + 1]]``."""

    slots: Ints
    starts: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Decisions as forecast just before each was learned, at the score EVEN: prequential counts."""

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0
    passes: int = 0

    @property
    def precision(self) -> float | None:
        """Of what was called spam, the share that was; None before anything was."""
        called = self.hits + self.false_alarms
        return self.hits / called if called else None

    @property
    def recall(self) -> float | None:
        """Of what was spam, the share that was called so; None before anything was."""
        spam = self.hits + self.misses
        return self.hits / spam if spam else None


def _zeros() -> Floats:
    return np.zeros(SLOTS + 1, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpamModel:
    """What was learned from ``spam + wanted`` decisions; the last slot is the intercept's.

    ``weights`` and ``squares`` (AdaGrad's sums of squared gradients) have SLOTS + 1 entries.
    """

    weights: Floats = field(default_factory=_zeros)
    squares: Floats = field(default_factory=_zeros)
    spam: int = 0
    wanted: int = 0
    tally: Tally = field(default_factory=Tally)

    @property
    def is_ready(self) -> bool:
        """Whether it has seen enough decisions of both kinds to score."""
        return min(self.spam, self.wanted) >= MIN_LABELS

    def scores(self, features: SpamFeatures) -> NDArray[np.float64]:
        """Return the probability of spam per text, NaN while not ready."""
        count = len(features.starts) - 1
        if not self.is_ready:
            return np.full(count, np.nan)
        return self._raw(features)

    def error(self, features: SpamFeatures, *, is_spam: bool) -> float:
        """Return how far the score of the one text of ``features`` is from a decision, within +-1."""
        return float(self._raw(features)[0]) - is_spam

    def learn(self, features: SpamFeatures, *, is_spam: bool) -> "SpamModel":
        """Return the model that has also learned one decision on the one text of ``features``."""
        error = self.error(features, is_spam=is_spam)
        called = error + is_spam >= EVEN
        return replace(
            self._stepped(features, error),
            spam=self.spam + is_spam,
            wanted=self.wanted + (not is_spam),
            tally=_counted(self.tally, called=called, is_spam=is_spam) if self.is_ready else self.tally,
        )

    def unlearn(self, features: SpamFeatures, *, is_spam: bool, error: float) -> "SpamModel":
        """Return the model without a decision that was learned at this error.

        Exact while nothing else was learned of its words since, near enough later. The tally stays: it counts
        what was forecast of a text before anyone had judged it.
        """
        slots = np.append(features.slots, SLOTS)
        squares, weights = self.squares.copy(), self.weights.copy()
        weights[slots] += (_STEP * error / np.sqrt(1.0 + squares[slots])).astype(np.float32)
        squares[slots] = np.maximum(squares[slots] - np.float32(error * error), 0.0)
        return replace(
            self,
            weights=weights,
            squares=squares,
            spam=max(self.spam - is_spam, 0),
            wanted=max(self.wanted - (not is_spam), 0),
        )

    def to_bytes(self) -> bytes:
        """Weights, then squares: little-endian float32."""
        return np.concatenate((self.weights, self.squares)).astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, *, spam: int, wanted: int, tally: Mapping[str, int]) -> "SpamModel":
        """Restore a model. Raises ValueError when ``data`` is not as long as this version's."""
        both = np.frombuffer(data, "<f4").astype(np.float32)
        if both.size != 2 * (SLOTS + 1):
            raise ValueError(f"a spam model has {2 * (SLOTS + 1)} numbers, not {both.size}")
        return cls(
            weights=both[: SLOTS + 1],
            squares=both[SLOTS + 1 :],
            spam=spam,
            wanted=wanted,
            tally=Tally(**tally),
        )

    def _stepped(self, features: SpamFeatures, error: float) -> "SpamModel":
        slots = np.append(features.slots, SLOTS)
        squares, weights = self.squares.copy(), self.weights.copy()
        squares[slots] += np.float32(error * error)
        weights[slots] -= (_STEP * error / np.sqrt(1.0 + squares[slots])).astype(np.float32)
        return replace(self, weights=weights, squares=squares)

    def _raw(self, features: SpamFeatures) -> NDArray[np.float64]:
        sums = np.add.reduceat(self.weights[features.slots].astype(np.float64), features.starts[:-1])
        return np.asarray(1.0 / (1.0 + np.exp(-(sums + float(self.weights[SLOTS])))), np.float64)


def spam_features(texts: Sequence[str], words: Words | None = None) -> SpamFeatures:
    """Read the features of texts; ``words`` are theirs, where they are at hand."""
    words = words or read_words(texts)
    shape = _shape(texts)
    owners = np.concatenate((words.owners, np.repeat(np.arange(len(texts)), shape.shape[1])))
    slots = SHAPE_SLOTS + (words.hashes % np.uint64(SLOTS - SHAPE_SLOTS)).astype(np.int64)
    keys = np.unique(owners * SLOTS + np.concatenate((slots, shape.ravel())))
    starts = np.searchsorted(keys, np.arange(len(texts) + 1) * SLOTS)
    return SpamFeatures(slots=keys % SLOTS, starts=starts)


def _shape(texts: Sequence[str]) -> Ints:
    """One slot per text and property, of those below SHAPE_SLOTS: 16 levels of each of 7 properties."""
    encoded = [text.encode() + b"\n" for text in texts]
    sizes = np.array([len(each) for each in encoded])
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    kinds = _KINDS[np.frombuffer(b"".join(encoded), np.uint8)]
    capitals, smalls, digits, shouts, money = (
        np.add.reduceat(kinds == kind, starts, dtype=np.int64) for kind in (1, 2, 3, 4, 5)
    )
    links = np.array(["://" in text or "www." in text for text in texts])
    levels = (
        np.log2(sizes),
        np.ceil(20 * digits / sizes),
        8 * capitals / np.maximum(capitals + smalls, 1),
        np.minimum(shouts, 3),
        links,
        money > 0,
        _longest_numbers(kinds == _DIGIT, starts),
    )
    return np.stack(
        [16 * n + np.minimum(level, 15).astype(np.int64) for n, level in enumerate(levels)], axis=1
    )


def _longest_numbers(is_digit: NDArray[np.bool_], starts: Ints) -> Ints:
    places = np.arange(is_digit.size)
    last_other = np.maximum.accumulate(np.where(is_digit, -1, places))
    return np.maximum.reduceat(places - last_other, starts)


def _counted(tally: Tally, *, called: bool, is_spam: bool) -> Tally:
    if called:
        return (
            replace(tally, hits=tally.hits + 1)
            if is_spam
            else replace(tally, false_alarms=tally.false_alarms + 1)
        )
    return replace(tally, misses=tally.misses + 1) if is_spam else replace(tally, passes=tally.passes + 1)
