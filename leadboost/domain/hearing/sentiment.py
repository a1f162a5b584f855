"""The mood of a text, from -1 to 1: VADER for English, a small lexicon of our own for Spanish.

Which of the two reads a text is decided by its function words (``the``, ``para``, ...): the language
that has most of them. Where that is another one (French, German, Portuguese, Italian, Dutch), or a letter
is not Latin, the text reads as neutral, 0. Where English or Spanish has as many as another, or there
are none at all, the Spanish lexicon reads it if it knows a word of it, else VADER. (The radar's own
detection of languages takes ten times as long for one text.)

VADER: Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social
Media Text", ICWSM 2014; its ``compound`` score, of the first ``READ_CHARS`` characters and of these the
first ``READ_WORDS`` words alone (an emoji counts as the words of its name), for its time grows with their
square. Spanish follows the same rules with the same constants: the valences of
known words add up, each raised by a booster before it (``muy``) and turned by a negation among the
three words before it in its clause (``no``); the sum s reads as s / sqrt(s * s + 15).
"""

import math
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

READ_CHARS: Final = 600
READ_WORDS: Final = 100

_FUNCTION_WORDS: Final = {
    "en": (
        "the and is of to in it this that for was with you are my have not but they be on so what "
        "just i i'm it's don't an your at would how will can from me no all we he she who out up if or as "
        "had has when there their by do about am were got get some more than then been new by love like"
    ),
    "es": (
        "el los las y es del al en por para una un que con muy pero este esta mi lo se su como mas "
        "nos porque hay yo tu esto ya cuando donde son fue tengo me no si te le nada todo ha he era sin "
        "estoy esta estan tiene llego nunca hasta sobre desde"
    ),
    "fr": (
        "le les et est des du une un pas pour dans que qui avec je vous nous ce cette sur mais tres sont me"
    ),
    "de": ("der die das und ist nicht ein eine ich zu mit fur auf den dem es sie wir aber sehr auch von bei"),
    "pt": (
        "o os e um uma nao com por para que mas muito eu voce em do da dos das ao isso este esta foi me no"
    ),
    "it": ("il gli e un una non che per con di sono molto ma questo questa della del mi ho piu nel"),
    "nl": ("de het een en is niet ik van voor met op dat maar zijn heel je wij ook naar"),
}
_VALENCES: Final = {
    3.0: (
        "excelent increibl maravill espectacular fantastic perfect encant amo amor feliz felic genial "
        "fenomenal estupend magnific adoro brutal chulisim buenisim contentisim precios amam "
        "recomendadisim"
    ),
    2.0: (
        "buen bien gust bonit lind hermos mejor gracia content satisfech recomiend recomend "
        "recomendabl alegr alegri divertid guap chul fabulos barat rapid comod util fiabl exit ganar "
        "bell risa sonris agradabl ideal gratis alegro interesant acert disfrut guay elegant impecabl "
        "eficaz"
    ),
    1.0: (
        "aceptabl correct facil suav clar seguro funcion practic dispuest esper ilusion quier interes "
        "vali amable"
    ),
    -1.0: ("tard lent car regular pequen dificil dud fri aburrid cansad justo confus escas incomod rar"),
    -2.0: (
        "mal malo peor problem falla fallo fall error feo fea trist queja quej roto rota rotos molest "
        "decepcion decepcionad defectuos sucio debil inutil odios enfad devolv devolucion perder "
        "perdid cancel arrepent dano danad pobr engan"
    ),
    -3.0: (
        "horribl terribl pesim fatal odio odi asco asqueros estaf fraud basur ladron desastr "
        "vergonzos miseri inaceptabl lamentabl muert penos malisim timo robo mentir mentiros"
    ),
}
_BOOSTERS: Final = frozenset(
    ("muy", "super", "tan", "bastante", "demasiado", "mas", "mega", "totalmente", "realmente")
)
_NEGATIONS: Final = frozenset(
    ("no", "nunca", "jamas", "ni", "sin", "tampoco", "nada", "ningun", "ninguna", "ninguno")
)
_BOOST: Final = 0.293
_NEGATED: Final = -0.74
_ALPHA: Final = 15.0
_LOOK_BACK: Final = 3

_word = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_clause_end = re.compile(r"[.,;:!?()\u00bf\u00a1]+")
_foreign = re.compile(r"[\u0370-\u1dff\u2e80-\ua6ff\uac00-\ud7ff]")
_ending = re.compile(r"(?:[oae]s?|s)$")


def sentiment(text: str, plain: str) -> float:
    """Return the mood in [-1, 1]. ``plain`` is the text in lower case, without accents."""
    words = _word.findall(plain)
    match _language(words, plain):
        case "en":
            return _english(text)
        case "es":
            return _spanish(plain)
        case None:
            return _spanish(plain) or _english(text)
        case _:
            return 0.0


def _language(words: Sequence[str], plain: str) -> str | None:
    """Return the language, None where it may be English or Spanish, ``other`` where it is neither."""
    if _foreign.search(plain):
        return "other"
    counts = dict.fromkeys(_FUNCTION_WORDS, 0)
    for word in words:
        for language in _languages_of().get(word, ()):
            counts[language] += 1
    most = max(counts.values())
    first = [language for language, count in counts.items() if count == most]
    if len(first) == 1:
        return first[0]
    return None if {"en", "es"}.intersection(first) else "other"


def _english(text: str) -> float:
    words = text[:READ_CHARS].translate(_emoji_names()).split()[:READ_WORDS]
    return float(_vader().polarity_scores(" ".join(words))["compound"])


def _spanish(plain: str) -> float:
    total = sum(_clause(_word.findall(clause)) for clause in _clause_end.split(plain))
    return total / math.sqrt(total * total + _ALPHA)


def _clause(words: Sequence[str]) -> float:
    total = 0.0
    for place, word in enumerate(words):
        valence = _valence(word)
        if valence:
            total += _in_context(valence, words[max(place - _LOOK_BACK, 0) : place])
    return total


def _in_context(valence: float, before: Sequence[str]) -> float:
    if before and before[-1] in _BOOSTERS:
        valence += math.copysign(_BOOST, valence)
    return valence * _NEGATED if _NEGATIONS.intersection(before) else valence


def _valence(word: str) -> float:
    valences = _valences()
    return valences.get(word) or valences.get(_ending.sub("", word), 0.0)


@cache
def _valences() -> dict[str, float]:
    return {word: valence for valence, words in _VALENCES.items() for word in words.split()}


@cache
def _languages_of() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language, words in _FUNCTION_WORDS.items():
        for word in set(words.split()):
            found[word] = (*found.get(word, ()), language)
    return found


@cache
def _vader() -> "SentimentIntensityAnalyzer":
    # Loaded at the first text: not every command reads one.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


@cache
def _emoji_names() -> dict[int, str]:
    """What VADER puts in the place of each emoji: it looks at one character at a time."""
    return {ord(emoji): f" {name}" for emoji, name in _vader().emojis.items() if len(emoji) == 1}
