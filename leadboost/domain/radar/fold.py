"""Folded text: what two spellings of the same words have in common.

Case, accents, width and letter-like signs are folded (Unicode NFKC casefolding, then NFKD without its
marks), invisible characters are dropped, and letters of other scripts that look Latin become Latin where
the text is Latin or a word mixes scripts: ``раypal``, ``PAYPAL`` and ``pay\u00adpal`` are one word.
Addresses and @names are left out: a copy usually differs by these alone.
"""

import re
import unicodedata
from typing import Final

_KEPT = b"abcdefghijklmnopqrstuvwxyz0123456789"
_ASCII = bytes(
    code if code in _KEPT or code > 127 else code + 32 if 65 <= code <= 90 else 32 for code in range(256)
)
_APOSTROPHES = b"'`"
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?<!\S)\S*@[\w.-]+|^RT\b", re.IGNORECASE)
_PIECE = re.compile(r".{1,256}(?!\S)|.{1,256}", re.DOTALL)
_INVISIBLE = re.compile(
    "[\u0300-\u036f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0'\u2018\u2019\u02bc`´]"
)
# Marks that belong to a letter in scripts where these are written apart.
_MARKS = "\u0591-\u05bd\u064b-\u065f\u0900-\u0dff\u0e31-\u0e4e"
_BETWEEN = re.compile(rf"[^\w{_MARKS}]+|_+")
_UNSPACED = re.compile("([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])")
_LATIN = re.compile(r"[a-z]")
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f\u0531-\u0587]")
_WORD = re.compile(r"\w+")
_TWINS = {
    **dict(zip("авеёкмнорстухіїјѕԁԛԝһґпг", "abeekmhopctyxiijsdqwhrnr", strict=True)),
    **dict(zip("αβεζηικμνορτυχγϲ", "abeznikmvoptuxyc", strict=True)),
    **dict(zip("ոսօհցյ", "nuohgj", strict=True)),
}
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "ħ": "h", "æ": "ae", "œ": "oe", "þ": "th", "ſ": "s"}
)
_LOOKALIKES = str.maketrans(_TWINS)

FOLDED_CHARS: Final = 20_000


def fold(text: str) -> str:
    """Return the folded words of ``text``, apart by white space; empty when it has none.

    Signs of scripts without spaces between words (Chinese, Japanese, Thai) count as a word each. Some signs
    fold to many letters: no more than ``FOLDED_CHARS`` are kept.
    """
    if "@" in text or "://" in text or "www." in text or text.startswith("RT "):
        text = _ADDRESS.sub(" ", text)
    if text.isascii():
        return text.encode().translate(_ASCII, _APOSTROPHES).decode()
    folded = _INVISIBLE.sub("", _normalised(text)).translate(_LETTERS)
    folded = _BETWEEN.sub(" ", folded)
    if _FOREIGN.search(folded):
        folded = _latinised(folded)
    return _UNSPACED.sub(r" \1 ", folded)[:FOLDED_CHARS]


def _normalised(text: str) -> str:
    """By pieces, cut at white space where there is some: marks in a row take the square of their number."""
    folded = ""
    for piece in _PIECE.finditer(text):
        composed = unicodedata.normalize("NFKC", piece[0]).casefold()
        folded += unicodedata.normalize("NFKD", composed)
        if len(folded) > FOLDED_CHARS:
            break
    return folded[:FOLDED_CHARS]


def _latinised(folded: str) -> str:
    if len(_LATIN.findall(folded)) > len(_FOREIGN.findall(folded)):
        return folded.translate(_LOOKALIKES)
    return _WORD.sub(_unmixed, folded)


def _unmixed(word: re.Match[str]) -> str:
    mixed = _LATIN.search(word[0]) and _FOREIGN.search(word[0])
    return word[0].translate(_LOOKALIKES) if mixed else word[0]
