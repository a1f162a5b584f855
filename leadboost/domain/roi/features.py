"""Features: what the model sees of a spend, the same in training and in serving.

For the parts ``platform``, ``source`` and each attribute (by name, at most 64; empty ones are
absent; case and spacing are ignored):

- ``spend``: the logarithm of the spend, bent at ``KNOTS`` (linear in between, flat outside);
- ``part=value``: its level, and for the first 8 parts (by name) its own bend with the spend;
- ``combination``: what parts do together: each pair of the first 8 parts, and all parts at once;
- ``word:...``: the words and word pairs of the text, sharing one unit of weight;
- ``text:name``: what the text says, as numbers (``leadboost.domain.hearing.text``); none without a text;
- ``heard:name``: what was heard, at most 64 numbers by name, each within [-1, 1]. Together they move a
  forecast of log(1 + roi) by at most ``HEARD_CAP``, whoever speaks and however often: beyond that all
  of them shrink by one factor.

The regressor on hashed features knows each, but what was heard, by a hash of its name.

The day is left out: a question has none. What was never learned has no column and adds nothing
of its own, but for what a name that shares its hash has learned.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations, pairwise
from typing import NamedTuple
from zlib import crc32

from leadboost.domain.hearing.text import text_features
from leadboost.domain.roi.forecast import Question

FEATURE_VERSION = "roi-4"
C = 0.01
HEARD_CAP = 0.25
"""All that was heard moves log(1 + roi) by no more than this, up or down."""

KNOTS = (-4.6, -3.5, -2.0, -0.5, 1.0, 2.5, 4.0, 5.5, 8.0, 11.0, 14.0)

BUCKETS = 2**13
NO_BUCKET = BUCKETS
"""The regressor on hashed features has ``BUCKETS`` weights, which all features share but what was heard:
no collision may carry that past its cap."""

_PARTS = 64
_CROSSED = 8
_WORDS = 12
_KEPT_LENGTH = 250
_WORD = re.compile(r"[^\W_]{2,30}")

Context = tuple[str, str | None, str | None, tuple[tuple[str, str], ...]]
"""Text, platform, source, and the other attributes as they were given."""


class Terms(NamedTuple):
    """One row's features, aligned: column names, values, and the label under which each is explained.

    Names from ``shared`` on belong to the tables of shrunken means, the ones before to the ridge. The
    first ``heard`` of them are what was heard, then follow ``parts`` of the form ``part=value``.
    ``buckets`` are the names' hashes, ``NO_BUCKET`` for what was heard. ``position`` is the logarithm
    of the spend; ``left`` and ``share`` place it between two knots.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    values: tuple[float, ...]
    buckets: tuple[int, ...]
    shared: int
    heard: int = 0
    parts: int = 0
    position: float = 0.0
    left: int = 0
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class _Described:
    """The terms of a context whose spend lies right of a given knot: all but the shares of the knots.

    Left of the ``bent`` values for the one knot, and as many for the other, stand those of ``level``.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    buckets: tuple[int, ...]
    level: tuple[float, ...]
    bent: int
    table: tuple[float, ...]
    parts: int


def target(spend_micros: int, revenue_micros: int) -> float:
    """Return log((revenue + c) / (spend + c)), amounts below zero counted as zero."""
    return _log_money(revenue_micros) - _log_money(spend_micros)


def bend(spend_micros: int) -> tuple[int, float]:
    """Place a spend between two knots: index of the left one, and the share of the right one in [0, 1]."""
    return _bend(_log_money(spend_micros))


def terms(question: Question) -> Terms:
    """List the features of a question."""
    position = _log_money(question.spend_micros)
    left, share = _bend(position)
    described = _described(_context(question), left)
    bent = described.bent
    names, labels, buckets = described.names, described.labels, described.buckets
    values = described.level + (1.0 - share,) * bent + (share,) * bent + described.table
    heard, said = _heard(question.heard)
    if heard:
        names, labels, values = heard + names, heard + labels, said + values
        buckets = (NO_BUCKET,) * len(heard) + buckets
    shared, parts = len(names) - len(described.table), described.parts
    return Terms(names, labels, values, buckets, shared, len(heard), parts, position, left, share)


def _bend(position: float) -> tuple[int, float]:
    if position <= KNOTS[0]:
        return 0, 0.0
    if position >= KNOTS[-1]:
        return len(KNOTS) - 2, 1.0
    left = bisect_right(KNOTS, position) - 1
    return left, (position - KNOTS[left]) / (KNOTS[left + 1] - KNOTS[left])


def bucket(name: str) -> int:
    """Hash a feature's name, by CRC-32."""
    return crc32(name.encode("utf-8", "backslashreplace")) % BUCKETS


def _heard(heard: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    if not heard:
        return (), ()
    items = sorted(item for item in heard.items() if math.isfinite(item[1]))[:_PARTS]
    names = tuple(f"heard:{_short(name)}" for name, _ in items)
    return names, tuple(min(max(value, -1.0), 1.0) for _, value in items)


def _log_money(micros: int) -> float:
    return math.log((micros if micros > 0 else 0) / 1_000_000 + C)


def _context(question: Question) -> Context:
    text, attributes = question.text, question.attributes
    if "text" in attributes:
        text = text or attributes["text"]
        attributes = {name: value for name, value in attributes.items() if name != "text"}
    return text[:2000], question.platform, question.source, tuple(attributes.items())


def _described(context: Context, left: int) -> _Described:
    text, platform, source, attributes = context
    length = (
        len(text)
        + len(platform or "")
        + len(source or "")
        + sum(len(name) + len(value) for name, value in attributes)
    )
    # long ones seldom come again, and would fill the memory
    return (_kept if length <= _KEPT_LENGTH else _describe)(context, left)


def _describe(context: Context, left: int) -> _Described:
    text, platform, source, attributes = context
    items = dict(attributes)
    items |= {"source": source} if source else {}
    items |= {"platform": platform} if platform else {}
    kept = sorted(items.items())[:_PARTS]
    parts = sorted({_part(name, value) for name, value in kept if name.strip() and value.strip()})
    crossed = parts[:_CROSSED]
    pairs = [f"{one} & {other}" for one, other in combinations(crossed, 2)]
    words = _words(text)
    said = text_features(text) if text else {}
    says = [f"text:{name}" for name in said]
    bent = ["spend", *crossed]
    names = [*parts, *pairs, *says, *(f"{label}~{knot}" for knot in (left, left + 1) for label in bent)]
    names += ["combination#" + _digest("\x1f".join(parts)), *words]
    return _Described(
        names=tuple(names),
        labels=(*parts, *("combination",) * len(pairs), *says, *bent, *bent, "combination", *words),
        buckets=tuple(map(bucket, names)),
        level=(*(1.0,) * (len(parts) + len(pairs)), *said.values()),
        bent=len(bent),
        table=(1.0, *(1.0 / len(words) for _ in words)),
        parts=len(parts),
    )


_kept = lru_cache(maxsize=2048)(_describe)


@lru_cache(maxsize=16384)
def _part(name: str, value: str) -> str:
    return f"{_short(name)}={_short(value)}"


def _words(text: str) -> Sequence[str]:
    words = _WORD.findall(text.casefold())[:_WORDS]
    grams = words + [f"{one} {other}" for one, other in pairwise(words)]
    return [f"word:{gram}" for gram in dict.fromkeys(grams)]


def _short(text: str) -> str:
    text = " ".join(text.casefold().split())
    return text if len(text) <= 60 else f"{text[:40]}…{_digest(text)}"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
