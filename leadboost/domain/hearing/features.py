"""The features of one signal, as ``FEATURES`` lists them; all in [0, 1] unless said otherwise.

- ``engagement`` in [-1, 1]: tanh(z / 2), z the mean over its counters of (log(1 + counter) - mean) /
  deviation, compared with signals of the same source and about the same age (``AGES_S``) where
  ``ENOUGH`` were counted, else of any age, else left out; 0 with nothing to compare;
- ``cluster_size``: log(n) / log(100) of the n distinct voices that said nearly the same by then;
- ``cluster_sources``: 1 - 1 / n of their n distinct sources; ``cluster_velocity``: log(1 + v) / log(51),
  v the further voices per hour since the first (at least one hour);
- ``trust``: accepted / (accepted + rejected) of its source, fading over a month, an operator's decision
  weighing ``DECISION`` times as much, with one of each assumed beforehand;
- ``recency``: exp(-age / day) when it was heard; 0.5 where the source tells no date;
- ``hour_sin``, ``hour_cos``, ``weekday_sin``, ``weekday_cos`` in [-1, 1]: when it was published (else
  heard), UTC, on the circle of the day and of the week;
- ``topic_volume``: log(1 + signals a day) / log(1001), of the loudest of its topics; ``topic_momentum`` and
  ``source_momentum`` in [-1, 1]: tanh(log((h + 1) / (d / 24 + 1)) / 2), h signals in the last hour and d
  in the last day, of the topic that rises most and of its source;
- ``text_...``: what ``text_features`` reads in its title and text, without the length.

A cluster's voices are its distinct authors; those without one count once for each source.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from leadboost.domain.hearing.statistics import DAY_S, HOUR_S, Moments, Statistics, age_of
from leadboost.domain.hearing.text import text_features

ENOUGH: Final = 5.0
DECISION: Final = 10.0

_TEXT: Final = ("sentiment", "intent", "urgency", "price", "product", "question")
_NARROWEST: Final = 0.25
_DIGITS: Final = 4

FEATURES: Final = (
    "engagement",
    "cluster_size",
    "cluster_sources",
    "cluster_velocity",
    "trust",
    "recency",
    "hour_sin",
    "hour_cos",
    "weekday_sin",
    "weekday_cos",
    "topic_volume",
    "topic_momentum",
    "source_momentum",
    *(f"text_{name}" for name in _TEXT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """Who said nearly the same by the time a signal is processed, itself included."""

    voices: int = 1
    sources: int = 1
    first_heard_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What operators decided on signals of one source."""

    accepted: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is read of a signal: text with title, counters, and when."""

    text: str
    engagement: Mapping[str, float]
    published_at: datetime | None
    heard_at: datetime

    @property
    def age_s(self) -> float | None:
        """Seconds from publication to hearing; None where the source tells no date."""
        if self.published_at is None:
            return None
        return max((self.heard_at - self.published_at).total_seconds(), 0.0)

    @property
    def levels(self) -> Mapping[str, float]:
        """log(1 + counter), signed, of each finite counter."""
        return {
            name: math.copysign(math.log1p(abs(value)), value)
            for name, value in sorted(self.engagement.items())
            if math.isfinite(value)
        }


def signal_features(
    said: Said, *, source: Statistics, topics: Sequence[Statistics], echo: Echo, decided: Decisions
) -> dict[str, float]:
    """Return all ``FEATURES``, rounded to four digits. The statistics are as of then, without the signal."""
    text = text_features(said.text)
    features = {
        "engagement": _engagement(said, source),
        **_echo(echo, said.heard_at),
        "trust": _trust(source, decided),
        "recency": 0.5 if said.age_s is None else math.exp(-said.age_s / DAY_S),
        **_time(said.published_at or said.heard_at),
        "topic_volume": max((_share(math.log1p(topic.day), 1001) for topic in topics), default=0.0),
        "topic_momentum": max((_momentum(topic) for topic in topics), default=0.0),
        "source_momentum": _momentum(source),
        **{f"text_{name}": text[name] for name in _TEXT},
    }
    return {name: round(value, _DIGITS) for name, value in features.items()}


def _engagement(said: Said, source: Statistics) -> float:
    age = age_of(said.age_s)
    compared = [
        (level - usual.mean) / max(usual.deviation, _NARROWEST)
        for name, level in said.levels.items()
        if (usual := _usual(source.counters.get(name, {}), age)) is not None
    ]
    return math.tanh(sum(compared) / len(compared) / 2.0) if compared else 0.0


def _usual(ages: Mapping[str, Moments], age: str) -> Moments | None:
    for name in (age, "any"):
        if name in ages and ages[name].weight >= ENOUGH:
            return ages[name]
    return None


def _echo(echo: Echo, heard_at: datetime) -> dict[str, float]:
    since_s = (heard_at - echo.first_heard_at).total_seconds() if echo.first_heard_at else 0.0
    others = max(echo.voices, 1) - 1
    return {
        "cluster_size": _share(math.log1p(others), 100),
        "cluster_sources": 1.0 - 1.0 / max(echo.sources, 1),
        "cluster_velocity": _share(math.log1p(others / max(since_s / HOUR_S, 1.0)), 51),
    }


def _trust(source: Statistics, decided: Decisions) -> float:
    accepted = source.accepted + DECISION * decided.accepted + 1.0
    rejected = source.rejected + DECISION * decided.rejected + 1.0
    return accepted / (accepted + rejected)


def _time(at: datetime) -> dict[str, float]:
    hours = at.hour + at.minute / 60.0
    day, week = math.tau * hours / 24.0, math.tau * (at.weekday() + hours / 24.0) / 7.0
    return {
        "hour_sin": math.sin(day),
        "hour_cos": math.cos(day),
        "weekday_sin": math.sin(week),
        "weekday_cos": math.cos(week),
    }


def _momentum(of: Statistics) -> float:
    return math.tanh(math.log((of.hour + 1.0) / (of.day / 24.0 + 1.0)) / 2.0)


def _share(logarithm: float, whole: int) -> float:
    return min(max(logarithm / math.log(whole), 0.0), 1.0)
