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

The day is left out: a question has none. What was never learned has no column and adds nothing.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations, pairwise

from leadboost.domain.hearing.text import text_features
from leadboost.domain.roi.forecast import Question

FEATURE_VERSION = "roi-3"
C = 0.01
HEARD_CAP = 0.25
"""All that was heard moves log(1 + roi) by no more than this, up or down."""

KNOTS = (-4.6, -3.5, -2.0, -0.5, 1.0, 2.5, 4.0, 5.5, 8.0, 11.0, 14.0)

_PARTS = 64
_CROSSED = 8
_WORDS = 12
_WORD = re.compile(r"[^\W_]{2,30}")

Context = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Terms:
    """One row's features, aligned: column names, values, and the label under which each is explained.

    Names from ``shared`` on belong to the tables of shrunken means, the ones before to the ridge. The
    first ``heard`` of them are what was heard, then follow ``parts`` of the form ``part=value``.
    ``position`` is the logarithm of the spend.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    values: tuple[float, ...]
    shared: int
    heard: int = 0
    parts: int = 0
    position: float = 0.0


@dataclass(frozen=True, slots=True)
class _Described:
    """The terms of a context, whatever the spend."""

    level: tuple[str, ...]
    level_labels: tuple[str, ...]
    level_values: tuple[float, ...]
    bent_labels: tuple[str, ...]
    table: tuple[str, ...]
    table_labels: tuple[str, ...]
    table_values: tuple[float, ...]
    parts: int


def target(spend_micros: int, revenue_micros: int) -> float:
    """Return log((revenue + c) / (spend + c)), amounts below zero counted as zero."""
    return _log_money(revenue_micros) - _log_money(spend_micros)


def bend(spend_micros: int) -> tuple[int, float]:
    """Place a spend between two knots: index of the left one, and the share of the right one in [0, 1]."""
    position = _log_money(spend_micros)
    left = min(max(bisect_right(KNOTS, position) - 1, 0), len(KNOTS) - 2)
    share = (position - KNOTS[left]) / (KNOTS[left + 1] - KNOTS[left])
    return left, min(max(share, 0.0), 1.0)


def terms(question: Question) -> Terms:
    """List the features of a question."""
    described = _describe(_context(question))
    heard, said = _heard(question.heard)
    left, share = bend(question.spend_micros)
    bent = len(described.bent_labels)
    return Terms(
        names=heard
        + described.level
        + _bent(described.bent_labels, left)
        + _bent(described.bent_labels, left + 1)
        + described.table,
        labels=heard + described.level_labels + described.bent_labels * 2 + described.table_labels,
        values=said
        + described.level_values
        + (1.0 - share,) * bent
        + (share,) * bent
        + described.table_values,
        shared=len(heard) + len(described.level) + 2 * bent,
        heard=len(heard),
        parts=described.parts,
        position=_log_money(question.spend_micros),
    )


def _heard(heard: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    if not heard:
        return (), ()
    items = sorted(item for item in heard.items() if math.isfinite(item[1]))[:_PARTS]
    names = tuple(f"heard:{_short(name)}" for name, _ in items)
    return names, tuple(min(max(value, -1.0), 1.0) for _, value in items)


def _log_money(micros: int) -> float:
    return math.log(max(micros, 0) / 1_000_000 + C)


def _context(question: Question) -> Context:
    parts = dict(question.attributes)
    text = question.text or parts.pop("text", "")
    parts.pop("text", None)
    if question.source:
        parts["source"] = question.source
    if question.platform:
        parts["platform"] = question.platform
    return text[:2000], tuple(sorted(parts.items())[:_PARTS])


@lru_cache(maxsize=4096)
def _describe(context: Context) -> _Described:
    text, items = context
    parts = sorted({_part(name, value) for name, value in items if name.strip() and value.strip()})
    crossed = parts[:_CROSSED]
    pairs = tuple(f"{one} & {other}" for one, other in combinations(crossed, 2))
    words = _words(text)
    said = text_features(text) if text else {}
    says = tuple(f"text:{name}" for name in said)
    return _Described(
        level=(*parts, *pairs, *says),
        level_labels=(*parts, *("combination" for _ in pairs), *says),
        level_values=(*(1.0 for _ in parts + list(pairs)), *said.values()),
        bent_labels=("spend", *crossed),
        table=("combination#" + _digest("\x1f".join(parts)), *words),
        table_labels=("combination", *words),
        table_values=(1.0, *(1.0 / len(words) for _ in words)),
        parts=len(parts),
    )


@lru_cache(maxsize=16384)
def _bent(labels: tuple[str, ...], knot: int) -> tuple[str, ...]:
    return tuple(f"{label}~{knot}" for label in labels)


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
