"""Whether a text is about a watched topic: more than substrings, less than a language model.

A topic has terms (``electric fan``) and example phrases (``it is too hot to sleep at night``). Words are
compared by their stems, and long ones also by their letter trigrams: Dice's coefficient of at least ALIKE
takes inflected, misspelt and related forms (``ventilador``, ``ventiladores``, ``ventilator``) for one.
Of each word the first WORD_CHARS letters count.

- A term is met when all its words stand near one another, in any order, at most SPAN other words between.
- An example is met to the share of its telling words (no function words, weighted by length) that the
  text has.

A text is on a topic when a term is met, or an example by at least ON_TOPIC with two words or more.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from leadboost.domain.radar.fold import fold
from leadboost.domain.radar.language import FUNCTION_WORDS
from leadboost.domain.radar.topic import Topic

ALIKE: Final = 0.7
LONG_WORD: Final = 6
SPAN: Final = 3
ON_TOPIC: Final = 0.5
MARKS: Final = 50
WORD_CHARS: Final = 64
_MEMORY = 50_000
_SUFFIXES = """aciones amientos imientos ciones iendo amente mente ations ation ings ing ness ers ies ied iera
    ando ados adas idos idas ado ada ido ida ions ion ores oras eurs euse er es ed ly os as en s a o e"""
_ENDINGS = tuple(_SUFFIXES.split())


class TopicMatcher:
    """Names the topics that a text is about."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self._vocabulary = _Vocabulary()
        self._topics = [
            (
                topic.name,
                [ids for term in topic.terms if (ids := self._ids(term.split(), kept=True))],
                [ids for each in topic.examples if (ids := self._ids(each.split(), kept=False))],
            )
            for topic in topics
        ]

    def match(self, folded: str) -> tuple[str, ...]:
        """Return the names, in alphabetical order, that a folded text (see ``fold``) is about."""
        places: dict[int, list[int]] = defaultdict(list)
        for place, word in enumerate(folded.split()):
            for known in self._vocabulary.like(word[:WORD_CHARS]):
                places[known].append(place)
        if not places:
            return ()
        return tuple(
            sorted(
                name
                for name, terms, examples in self._topics
                if any(_stand_near(term, places) for term in terms)
                or any(self._is_met(example, places) for example in examples)
            )
        )

    def _ids(self, words: Sequence[str], *, kept: bool) -> frozenset[int]:
        """The known words of a term, or the telling ones of an example."""
        folded = " ".join(map(fold, words)).split()
        telling = [word for word in folded if kept or word not in FUNCTION_WORDS]
        return frozenset(self._vocabulary.add(word[:WORD_CHARS]) for word in telling)

    def _is_met(self, example: frozenset[int], places: dict[int, list[int]]) -> bool:
        met = example & places.keys()
        weight = self._vocabulary.weight
        return len(met) >= min(2, len(example)) and weight(met) >= ON_TOPIC * weight(example)


class _Vocabulary:
    """The words of all topics, found by words like them."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._by_stem: dict[str, int] = {}
        self._by_trigram: dict[str, list[int]] = defaultdict(list)
        self._memory: dict[str, tuple[int, ...]] = {}

    def add(self, word: str) -> int:
        known = self._by_stem.get(stem(word))
        if known is not None:
            return known
        number = len(self._words)
        self._words.append(word)
        self._by_stem[stem(word)] = number
        if len(word) >= LONG_WORD:
            for trigram in trigrams(word):
                self._by_trigram[trigram].append(number)
        return number

    def weight(self, numbers: frozenset[int] | set[int]) -> int:
        return sum(len(self._words[number]) for number in numbers)

    def like(self, word: str) -> tuple[int, ...]:
        found = self._memory.get(word)
        if found is None:
            if len(self._memory) >= _MEMORY:
                self._memory.clear()
            found = self._memory[word] = self._find(word)
        return found

    def _find(self, word: str) -> tuple[int, ...]:
        known = self._by_stem.get(stem(word))
        found = set() if known is None else {known}
        if len(word) >= LONG_WORD:
            own = trigrams(word)
            shared = Counter(number for trigram in own for number in self._by_trigram.get(trigram, ()))
            found |= {
                number
                for number, count in shared.items()
                if 2 * count >= ALIKE * (len(own) + len(trigrams(self._words[number])))
            }
        return tuple(found)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Strip one inflection of English or a Romance language off a folded word, leaving 3 letters or more."""
    for suffix in _ENDINGS:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word.removesuffix(suffix)
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def trigrams(word: str) -> frozenset[str]:
    """Return the letter trigrams of a word, its ends marked."""
    padded = f"_{word}_"
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))


def _stand_near(term: frozenset[int], places: dict[int, list[int]]) -> bool:
    """Look around the first ``MARKS`` places of the term's rarest word."""
    if not term <= places.keys():
        return False
    rarest, *others = sorted((places[known] for known in term), key=len)
    return any(_is_around(place, others, len(term) + SPAN) for place in rarest[:MARKS])


def _is_around(place: int, others: Sequence[list[int]], width: int) -> bool:
    """Tell whether ``width`` words in a row have the one at ``place`` and one of each of the others."""
    marks = [(place, -1)]
    for number, other in enumerate(others):
        near = other[bisect_right(other, place - width) : bisect_left(other, place + width)]
        if not near:
            return False
        marks += [(at, number) for at in near]
    marks.sort()
    inside: Counter[int] = Counter()
    start = 0
    for at, number in marks:
        inside[number] += 1
        while at - marks[start][0] >= width:
            inside[marks[start][1]] -= 1
            start += 1
        if all(inside[each] > 0 for each in range(-1, len(others))):
            return True
    return False
