"""The cleaning of signals: what each is, and whether it is worth hearing.

A reason for a rejection is a machine word, then what it found: ``too_short``, ``language``,
``blocked_word``, ``blocked_author``, ``blocked_domain``, ``spam`` or ``off_topic``; the first that applies,
in this order. ``operator`` is the eighth, given by a person, ``unreadable`` the ninth: its features failed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from leadboost.domain.pseudonym import Pseudonyms
from leadboost.domain.radar.blocked import BlockedAuthors, BlockedDomains, BlockedWords
from leadboost.domain.radar.clusters import Fingerprint
from leadboost.domain.radar.language import detect_languages
from leadboost.domain.radar.minhash import bands, signatures, stored
from leadboost.domain.radar.policy import Policy
from leadboost.domain.radar.spam import SpamModel, spam_features
from leadboost.domain.radar.topic import Topic
from leadboost.domain.radar.topics import TopicMatcher
from leadboost.domain.radar.words import Words, read_words
from leadboost.domain.signal import Signal, prose


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What people taught: the spam score and the watched topics, and at which versions these stand."""

    spam: SpamModel = field(default_factory=SpamModel)
    topics: tuple[Topic, ...] = ()
    version: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What cleaning found of one signal; ``reason`` is None for one that is worth hearing.

    ``spam`` is a probability, None while the score has not learned enough. ``fingerprint`` is None for
    texts too short to be compared. Of several copies the one of greatest ``richness`` is the lead.
    """

    language: str | None = None
    topics: tuple[str, ...] = ()
    spam: float | None = None
    reason: str | None = None
    fingerprint: Fingerprint | None = None
    richness: int = 0


class Cleaner:
    """Cleans batches of signals by one policy and one state of knowledge."""

    def __init__(self, policy: Policy, knowledge: Knowledge, pseudonyms: Pseudonyms) -> None:
        self.knowledge = knowledge
        self._policy = policy
        self._words = BlockedWords(policy.blocked_words)
        self._authors = BlockedAuthors(policy.blocked_authors, pseudonyms)
        self._domains = BlockedDomains(policy.blocked_domains)
        self._topics = TopicMatcher(knowledge.topics)

    def clean(self, signals: Sequence[Signal]) -> list[Finding]:
        """Return one finding per signal. A hundred posts of usual length take some 4 ms."""
        if not signals:
            return []
        texts = [prose(signal.title, signal.text) for signal in signals]
        words = read_words(texts)
        languages = detect_languages(texts, words)
        blocked = self._words.find(words)
        model = self.knowledge.spam
        spam = model.scores(spam_features(texts, words)) if model.is_ready else None
        prints = fingerprints(words)
        found = []
        for number, signal in enumerate(signals):
            score = None if spam is None else round(float(spam[number]), 4)
            topics = self._topics.match(words.texts[number]) if self.knowledge.topics else ()
            reason = (
                self._too_poor(texts[number], languages[number])
                or self._blocked(signal, texts[number], blocked.get(number))
                or self._unwanted(score, topics)
            )
            found.append(
                Finding(
                    language=languages[number],
                    topics=topics,
                    spam=score,
                    reason=reason,
                    fingerprint=prints[number],
                    richness=richness(signal),
                )
            )
        return found

    def _too_poor(self, text: str, language: str | None) -> str | None:
        if len(text) < self._policy.min_chars:
            return f"too_short: {len(text)} characters, fewer than {self._policy.min_chars}"
        wanted = self._policy.languages
        if wanted and language is not None and language not in wanted:
            return f"language: {language} is not among {', '.join(sorted(wanted))}"
        return None

    def _blocked(self, signal: Signal, text: str, word: str | None) -> str | None:
        if word is not None:
            return f"blocked_word: {word}"
        if self._authors.has(signal.author):
            return "blocked_author: is on radar.blocked_authors"
        domain = self._domains.find(signal.url, text)
        return None if domain is None else f"blocked_domain: {domain}"

    def _unwanted(self, score: float | None, topics: Sequence[str]) -> str | None:
        if score is not None and score > self._policy.spam_above:
            return f"spam: {score:.2f} is above {self._policy.spam_above:g}"
        if self.knowledge.topics and not topics:
            return "off_topic: about none of the watched topics"
        return None


def fingerprints(words: Words) -> list[Fingerprint | None]:
    """Return the fingerprint of each text, None for those too short to be compared."""
    found, comparable = signatures(words)
    rows = zip(stored(found), bands(found).tolist(), np.asarray(comparable).tolist(), strict=True)
    return [Fingerprint(signature, tuple(keys)) if fit else None for signature, keys, fit in rows]


def richness(signal: Signal) -> int:
    """Say how much a copy tells, from the signal alone: 10 for each doubling of its length, 5 for each
    counter, up to 6 of them, and 10 each for title, author, address and date."""
    told = (signal.title, signal.author, signal.url, signal.published_at)
    return (
        round(10 * math.log2(1 + len(signal.text)))
        + 5 * min(len(signal.engagement), 6)
        + 10 * sum(each is not None for each in told)
    )
