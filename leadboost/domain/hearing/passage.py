"""One batch of signals, each read with what was known before it, then counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from leadboost.domain.hearing.features import Decisions, Echo, Said, signal_features
from leadboost.domain.hearing.influence import (
    AUTHOR_CAP,
    AUTHOR_FREE,
    SOURCE_CAP,
    SOURCE_FREE,
    Voice,
    allowance,
    author_key,
)
from leadboost.domain.hearing.statistics import Statistics, age_of

SOURCE: Final = "source"
TOPIC: Final = "topic"

Subject = tuple[str, str]
"""What statistics are kept of: its kind, ``source`` or ``topic``, and its name."""

VoiceKey = tuple[str, str, str]
"""A subject and one of its voices: an author's digest (marked ``-`` for what of it was rejected), or in a
topic also a source's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """A signal that was not counted yet. A rejected one tells of its source alone, and gets no features."""

    id: UUID
    source: str
    author: str | None
    topics: Sequence[str]
    is_rejected: bool
    said: Said
    echo: Echo = field(default_factory=Echo)

    @property
    def subjects(self) -> Sequence[Subject]:
        """The subjects whose statistics it moves."""
        topics = () if self.is_rejected else dict.fromkeys(self.topics)
        return [(SOURCE, self.source), *((TOPIC, name) for name in topics)]

    @property
    def author_voice(self) -> str | None:
        """What its author is known by."""
        if not self.author:
            return None
        return ("-" if self.is_rejected else "") + author_key(self.source, self.author)

    @property
    def voices(self) -> Sequence[VoiceKey]:
        """Whose influence is bounded in each."""
        author = self.author_voice
        authors = [(*subject, author) for subject in self.subjects] if author else []
        return authors + [(*subject, self.source) for subject in self.subjects if subject[0] == TOPIC]


@dataclass(slots=True, kw_only=True)
class Memory:
    """What is known of the subjects of a batch and of their voices; changed in place."""

    statistics: dict[Subject, Statistics] = field(default_factory=dict)
    voices: dict[VoiceKey, Voice] = field(default_factory=dict)
    decisions: Mapping[str, Decisions] = field(default_factory=dict)


def hear(signals: Iterable[Unheard], memory: Memory) -> dict[UUID, dict[str, float] | None]:
    """Return the features of each signal in the order given, None for a rejected one; count each in memory.

    Pure but for ``memory``. The same signals in the same order give the same features.
    """
    return {signal.id: _hear(signal, memory) for signal in signals}


def _hear(signal: Unheard, memory: Memory) -> dict[str, float] | None:
    known = {subject: _statistics(memory, subject, signal.said.heard_at) for subject in signal.subjects}
    features = None if signal.is_rejected else _features(signal, known, memory)
    for (kind, name), statistics in known.items():
        weight = _weight(signal, (kind, name), statistics, memory)
        if signal.is_rejected:
            statistics.rejected += weight
            continue
        statistics.hear(weight)
        if kind == SOURCE:
            statistics.note(signal.said.levels, age_of(signal.said.age_s), weight)
            statistics.note(signal.said.levels, "any", weight)
    return features


def _features(signal: Unheard, known: Mapping[Subject, Statistics], memory: Memory) -> dict[str, float]:
    return signal_features(
        signal.said,
        source=known[SOURCE, signal.source],
        topics=[statistics for (kind, _), statistics in known.items() if kind == TOPIC],
        echo=signal.echo,
        decided=memory.decisions.get(signal.source, Decisions()),
    )


def _weight(signal: Unheard, subject: Subject, statistics: Statistics, memory: Memory) -> float:
    """Return what the signal counts for in a subject, and note that its voices have used it up."""
    now, total = signal.said.heard_at, statistics.day
    voices = []
    weight = 1.0
    if author := signal.author_voice:
        voices.append(_voice(memory, (*subject, author), now))
        weight = allowance(voices[-1].weight, total, cap=AUTHOR_CAP, free=AUTHOR_FREE)
    if subject[0] == TOPIC:
        voices.append(_voice(memory, (*subject, signal.source), now))
        weight = min(weight, allowance(voices[-1].weight, total, cap=SOURCE_CAP, free=SOURCE_FREE))
    for voice in voices:
        voice.weight += weight
    return weight


def _statistics(memory: Memory, subject: Subject, now: datetime) -> Statistics:
    statistics = memory.statistics.setdefault(subject, Statistics(now))
    statistics.fade(now)
    return statistics


def _voice(memory: Memory, key: VoiceKey, now: datetime) -> Voice:
    voice = memory.voices.setdefault(key, Voice(now))
    voice.fade(now)
    return voice
