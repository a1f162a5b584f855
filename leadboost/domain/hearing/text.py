"""What a text says, as numbers: mood, intent to buy, urgency, price, product, question, length.

All come from the first ``READ_CHARS`` characters, whatever their case and accents, and depend on
nothing else. Phrases are English and Spanish; n of them count as 1 - 0.5 ** n, so that repeating one
gains ever less.

- ``sentiment`` in [-1, 1]: see ``leadboost.domain.hearing.sentiment``;
- ``intent`` in [0, 1): phrases of somebody who wants to buy, or asks where or which;
- ``urgency`` in [0, 1): phrases that set a near date or a hurry;
- ``price`` in [0, 1): amounts of money, and words for price, cheap and discount;
- ``product`` in [0, 1): names of things: model numbers (``WH-1000``), @handles, #tags, capitalised
  words inside a sentence, ``iThings``, and what bears a trade mark sign;
- ``question``: 1 with a question mark, 0.5 when the text begins like a question without one, else 0;
- ``length`` in [0, 1]: log(1 + characters) / log(1 + ``READ_CHARS``).
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from leadboost.domain.hearing.phrases import ASKING, INTENT, PRICE, PRODUCT, URGENCY
from leadboost.domain.hearing.sentiment import sentiment

READ_CHARS = 2000
REMEMBERED = 2048


def text_features(text: str) -> Mapping[str, float]:
    """Return all of the features above, by name. Pure; an empty text has zeros."""
    return _features(text[:READ_CHARS])


def read_texts(texts: Iterable[str]) -> None:
    """Read texts ahead: what the last ``REMEMBERED`` texts say is remembered."""
    for text in texts:
        text_features(text)


@lru_cache(maxsize=REMEMBERED)
def _features(text: str) -> Mapping[str, float]:
    plain = _plain(text)
    return MappingProxyType(
        {
            "sentiment": sentiment(text, plain),
            "intent": _share(INTENT, plain),
            "urgency": _share(URGENCY, plain),
            "price": _share(PRICE, plain),
            "product": _share(PRODUCT, text),
            "question": 1.0 if "?" in text or "\u061f" in text else 0.5 * bool(ASKING.match(plain)),
            "length": math.log1p(len(text)) / math.log1p(READ_CHARS),
        }
    )


def _share(pattern: re.Pattern[str], text: str) -> float:
    found = sum(1 for _ in pattern.finditer(text))
    return 1.0 - 0.5 ** min(found, 16)


def _plain(text: str) -> str:
    """Fold case, take accents off, and make every run of spacing one space."""
    folded = " ".join(text.casefold().split())
    if folded.isascii():
        return folded
    # Bare before they are taken apart too: that sorts the accents of a letter, in the square of their number.
    return _bare(unicodedata.normalize("NFD", _bare(folded)))


def _bare(text: str) -> str:
    return "".join(char for char in text if not unicodedata.combining(char))
