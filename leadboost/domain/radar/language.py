"""Which language a text is in: by script, by function words, and by letter sequences where these are few.

Own, because nothing else fits: the pure detectors walk every byte in Python (a millisecond per post, ten
times what the whole intake of one may cost), the fast ones are large compiled models. Posts are short, so
"not known" is an honest answer, and no text is refused for it. Codes are ISO 639-1.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leadboost.domain.radar.words import U64, Words, read_words

LEAST_SCORE: Final = 1.3
LEAD: Final = 1.4
LEAST_LETTERS: Final = 16
LETTERS_SHARE: Final = 0.08
LOOKED_AT: Final = 200
_LETTERS = " ".join("abcdefghijklmnopqrstuvwxyz")  # they stand for words of all kinds in short messages
_LETTER_WEIGHT = 0.4
_FIRST_FOREIGN = "\u0370"
_GOLDEN = 0x9E3779B97F4A7C15

_FUNCTION_WORDS: Mapping[str, str] = {
    "en": """the of and to in is you that it he was for on are as with his they i at be this have from or had
        by but what some we can out other were all there when up use your how said an each she which do their
        if will way about many then them would like so these her see him has more could my than been who its
        now did get just not dont im me no was any our very after over been because where while should
        will going come need want buy sorry please know good think take really youre ill ive thats got""",
    "es": """de la que el en y a los se del las un por con no una su para es al lo como mas o pero sus le ha
        me si sin sobre este ya entre cuando todo esta ser son dos tambien fue habia era muy anos hasta desde
        esta mi porque que solo han yo hay vez puede todos asi nos ni parte tiene el uno donde bien tiempo ese
        ahora eso les quien nada hacer estos algo estoy necesito quiero tengo gracias hola cual cuanto""",
    "pt": """de a o que e do da em um para e com nao uma os no se na por mais as dos como mas foi ao ele das
        tem a seu sua ou ser quando muito ha nos ja esta eu tambem so pelo pela ate isso ela entre era depois
        sem mesmo aos ter seus quem nas me esse eles estao voce tinha foram essa num nem suas meu minha numa
        pelos elas havia seja qual sera nos tenho lhe deles essas esses pelas este fosse dele obrigado""",
    "fr": """de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont
        mais ou comme avec tout nous sa fait ete aussi leur bien peut ces son y cette aux elle on deux meme
        entre je vous ils etait cest si sans autres apres tres ont moi votre encore tous faire avoir etre
        quand mon ma mes jai nest dun quil jusqua chez ca rien merci bonjour""",
    "de": """der die und in den von zu das mit sich des auf fur ist im dem nicht ein eine als auch es an
        werden aus er hat dass sie nach wird bei einer um am sind noch wie einem uber einen so zum war haben
        nur oder aber vor zur bis mehr durch man sein wurde sei ich wir kann was doch schon wenn habe ihre
        dann unter wieder keine kein mich mir gibt diese dieser immer sehr hier""",
    "it": """di e il la che in a per un del non una sono i le della con si da come anche al piu dei nel alla
        ha ma gli lo delle se dal su questo o sua nella suo era essere ci molto mi tutti dopo tra quando
        fatto loro sia due questa prima cosi stato perche dalla ancora quello io ho cui piu ne anni poi solo
        degli hanno tutto tutta fare grazie ciao qualche anche""",
    "nl": """de het een en van in is dat op te zijn met voor niet aan er om ook als dan maar bij nog uit naar
        was worden door heeft hebben over hij zij ze je we wel kan wordt deze meer tot dit al of zou geen
        veel moet haar hun wat waar mijn ik heb jij jullie omdat zo daar hier toch gaat wil goed iets mij""",
    "pl": """i w z na nie sie do to ze jest o jak za od po ale co tak przez czy dla juz tylko jego byl ma
        tym przy bardzo jeszcze moze ich sa oraz tego jej pod byc jako gdy sobie kiedy mnie ktory ktore
        mozna lub nas tej my wszystko teraz bez ktora te takze nawet gdzie dzieki prosze""",
    "sv": """och i att det som en pa ar av for med till den har de inte om ett han men var jag sig fran vi
        sa kan nar ska skulle eller mycket hon under efter ut nu alla mot mig du vad har bara kommer dem dar
        vara blir hade finns detta ocksa dig mina min nagon aldrig redan""",
    "tr": """ve bir bu da de icin ile cok daha ne ben gibi kadar o ama var mi mu olarak sonra en olan her ya
        sen biz onu bana degil ki diye oldu olur yok benim nasil neden simdi iyi kendi icinde baska hem
        tarafindan ise veya cunku tum""",
    "id": """yang dan di ini itu dengan untuk tidak dari dalam akan pada juga saya ke karena ada mereka bisa
        oleh kami kita sudah atau telah lebih lagi seperti anda tapi hanya dia harus apa jika bagi adalah
        banyak sangat masih aku kamu""",
    "ru": """и в не на я что он с а как это по но они к у ты из мы за вы так же от сказать этот которыи мочь
        человек о один еще бы такои только себя свое какои когда уже для вот кто да говорить год мои до или
        если время рука нет самыи ни стать большои даже другои наш под где очень было был была есть все""",
    "uk": """і в не на я що він з а як це по але вони до у ти із ми за ви так же від цеи якии для про та є
        був була було бути все вже ще тільки коли якщо або наш під де дуже можна треба також його її""",
    "bg": """и в не на аз че тои с а как това по но те към у ти от ние за вие така съм си е са ще беше един
        само като когато вече или ако време няма много още под къде който която които трябва може""",
}
_SEQUENCES: Mapping[str, str] = {
    "en": "ing|tion|the|ght|ould|ness|ould|ally|wh|sh|ck|ee|oo|ly_|ed_|_th|ous_|ment_|ook|ough|_wor|_sto",
    "es": "cion|mente_|idad_|ando_|iendo_|ll|rr|que|ado_|ada_|ados_|adas_|eza_|illo|_des|_est|_com|aje_|ero_",
    "pt": "cao_|coes_|mente_|idade_|ando_|lh|nh|ao_|oes_|agem_|eiro|eira|inho|inha|ss|_nao|_com|_em_|dade",
    "fr": "tion_|ment_|eux_|euse|oi|eau|aux_|ez_|ique_|_qu|ille|eur_|ais_|ait_|ou|ette_|_ch|ant_|ee_|onne",
    "de": "sch|ung_|keit|heit|lich|isch|ein|cht|ch_|ei|_ge|_ver|en_|tz|pf|_be|ieren|ung|eln_|_zu|uhr|kauf",
    "it": "zione|zioni|mente_|ita_|gli|cch|zz|etto|etta|are_|ere_|ire_|ato_|ata_|sc|issim|ggi|uo|tt|ll|one_",
    "nl": "ij|oo|aa|ee|uu|sch|lijk|heid|ing_|en_|cht|oe|_ver|_ge|ui|tje|aar|oor|eer|_be",
    "pl": "cz|sz|rz|szcz|owa|ow_|nie|cie|prz|ych_|ego_|owy|ski|dz|_wy|_za|ac_|emy_|ania|enie",
    "sv": "ck|ng_|sk|_for|tion_|ande_|ning|het_|lig|orn|arna_|erna_|ig_|_un|aktig|or_|sj|_kop|_ut|ar_",
    "tr": "lar|ler|iyor|mek_|mak_|dir|cak|cek|imiz|_ya|lik_|siz_|yor|mis_|_ol|inda|inde|dan_|den_|uk_",
    "id": "ang|kan_|nya_|_meng|_men|_mem|_ber|_ter|_di|_per|_pe|an_|_ke|ung|aan_|_se|ya_|ngg|lah_|_bel",
}
_RANGES = (
    (0x0370, 0x03FF, "el"),
    (0x0400, 0x052F, "Cyrillic"),
    (0x0530, 0x058F, "hy"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x06FF, "Arabic"),
    (0x0900, 0x097F, "hi"),
    (0x0980, 0x09FF, "bn"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"),
    (0x0E00, 0x0E7F, "th"),
    (0x10A0, 0x10FF, "ka"),
    (0x3040, 0x30FF, "ja"),
    (0x4E00, 0x9FFF, "Han"),
    (0xAC00, 0xD7AF, "ko"),
)
_LANGUAGES = tuple(_FUNCTION_WORDS)
_CYRILLIC = frozenset(("ru", "uk", "bg"))

LANGUAGES: Final = frozenset(
    (*_LANGUAGES, *(name for *_, name in _RANGES if name.islower()), "ar", "fa", "ur", "zh")
)
"""Every code that a text can get."""

FUNCTION_WORDS: Final = frozenset(word for words in _FUNCTION_WORDS.values() for word in words.split())
"""Folded words that say nothing of what a text is about."""


def detect_languages(texts: Sequence[str], words: Words) -> list[str | None]:
    """Name the language of each text, None where it cannot be told. ``words`` are those of ``texts``."""
    scores = _word_scores(words)
    ranked = np.argsort(scores, axis=1)[:, :-3:-1]
    best, second = np.take_along_axis(scores, ranked, axis=1).T
    clear = (best >= LEAST_SCORE) & (best >= LEAD * second)
    return [
        _LANGUAGES[first] if is_clear and text.isascii() else _language(text, folded, score, first, is_clear)
        for text, folded, score, first, is_clear in zip(
            texts, words.texts, scores, ranked[:, 0].tolist(), clear.tolist(), strict=True
        )
    ]


def _language(text: str, folded: str, scores: NDArray[np.float64], first: int, is_clear: bool) -> str | None:
    script = None if text.isascii() else _script(text)
    if script == "Cyrillic":
        return _cyrillic(text.lower(), scores)
    if script == "Arabic":
        return _arabic(text)
    if script is not None:
        return script
    if is_clear:
        return None if _LANGUAGES[first] in _CYRILLIC else _LANGUAGES[first]
    return _by_letters(folded, scores)


def _word_scores(words: Words) -> NDArray[np.float64]:
    """Score each distinct word; one shared by n languages counts 1/n. Shape (texts, languages)."""
    table = _table()
    scores = np.zeros((len(words.texts), len(_LANGUAGES)))
    places = table.find(words.hashes)
    hits = np.flatnonzero(table.known[places] == words.hashes)
    size = table.known.size
    is_met = np.zeros(len(words.texts) * size, np.bool_)
    is_met[words.owners[hits] * size + places[hits]] = True
    distinct = np.flatnonzero(is_met)
    if distinct.size:
        owners, met = np.divmod(distinct, size)
        begins = np.flatnonzero(np.concatenate(([True], owners[1:] != owners[:-1])))
        scores[owners[begins]] = np.add.reduceat(table.weights[met], begins, axis=0)
    return scores


@dataclass(frozen=True, slots=True)
class _Table:
    """The hashes of all function words, sorted, and what each weighs in each language."""

    known: U64
    weights: NDArray[np.float64]
    factor: np.uint64
    places: NDArray[np.int16]

    def find(self, hashes: U64) -> NDArray[np.int16]:
        """Return the only place in ``known`` where each may stand, by one look: a search costs three times
        as much."""
        return self.places[_spread(hashes, self.factor)]


@cache
def _table() -> _Table:
    listed = [read_words([text]).hashes for text in _FUNCTION_WORDS.values()]
    known = np.unique(np.concatenate(listed))
    weights = np.stack([np.isin(known, one) for one in listed], axis=1).astype(np.float64)
    weights /= weights.sum(axis=1, keepdims=True)
    weights[np.isin(known, read_words([_LETTERS]).hashes)] *= _LETTER_WEIGHT
    factor = next(each for each in _odd_numbers() if np.unique(_spread(known, each)).size == known.size)
    places = np.zeros(1 << 16, np.int16)
    places[_spread(known, factor)] = np.arange(known.size)
    return _Table(known, weights, factor, places)


def _odd_numbers() -> Iterator[np.uint64]:
    return (np.uint64(number * _GOLDEN % 2**64) for number in range(1, 1 << 16, 2))


def _spread(hashes: U64, factor: np.uint64) -> U64:
    """To 16 bits: multiplicative hashing (Knuth, The Art of Computer Programming 3, section 6.4)."""
    return (hashes * factor) >> np.uint64(48)


def _by_letters(folded: str, scores: NDArray[np.float64]) -> str | None:
    """Few or ambiguous function words: letter sequences add to what they say."""
    padded = f"_{'_'.join(folded[:LOOKED_AT].split())}_"
    letters = sum(map(str.isalpha, padded))
    if letters < LEAST_LETTERS:
        return None
    totals = {
        language: sum(map(padded.count, _SEQUENCES[language].split("|"))) / letters
        + 0.05 * scores[_LANGUAGES.index(language)]
        for language in _SEQUENCES
    }
    best, second = sorted(totals, key=totals.__getitem__)[:-3:-1]
    clear = totals[best] >= LETTERS_SHARE and totals[best] >= LEAD * totals[second]
    return best if clear else None


def _script(text: str) -> str | None:
    """The script, or the language where it has one alone, of most letters; None for Latin."""
    if max(text) < _FIRST_FOREIGN:
        return None
    found: Counter[str | None] = Counter()
    for sign, count in Counter(text).items():
        if sign.isalpha():
            found[_script_of(ord(sign))] += count
    if found["ja"]:
        found["ja"] += found.pop("Han", 0)
    script, count = found.most_common(1)[0] if found else (None, 0)
    if script is None or 2 * count < found.total():
        return None
    return "zh" if script == "Han" else script


def _script_of(code: int) -> str | None:
    return next((name for first, last, name in _RANGES if first <= code <= last), None)


def _cyrillic(text: str, scores: NDArray[np.float64]) -> str | None:
    if any(letter in text for letter in "іїєґ"):
        return "uk"
    if any(letter in text for letter in "ыэё"):
        return "ru"
    best = _LANGUAGES[int(np.argmax(scores))]
    return best if best in _CYRILLIC else None


def _arabic(text: str) -> str:
    if any(letter in text for letter in "ٹڈڑے"):
        return "ur"
    return "fa" if any(letter in text for letter in "پچژگ") else "ar"
