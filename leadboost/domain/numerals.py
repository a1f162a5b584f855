"""Numbers as people write them: currency signs, grouping, decimal comma, percent, parentheses.

What one value shows by itself decides how it is read: in ``1.234,56`` and ``12,5`` the comma is the
decimal mark, in ``1,234,567`` it groups. Only a value like ``1,234`` or ``1.234`` (one mark, one to
three digits before it and exactly three after) needs its neighbours: ``decimal_mark`` counts what the
other values of the column show, then of the file. Where nothing speaks, the point is decimal and the
comma groups.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from leadboost.errors import InputError

Mark = Literal[".", ","]

_PLACEHOLDERS = """- -- --- – — . ? n/a na n.a. n.a #n/a nan null (null) none nil <na> #ref! #value! #div/0!
    inf -inf +inf infinity -infinity ∞ nd n.d. n/d s/d"""
_MISSING = {*_PLACEHOLDERS.split(), "", "sin dato", "sin datos", "no data", "not available", "(not set)"}

_DOLLARS = "USD ARS AUD BBD BMD BND BSD BZD CAD CLP COP DOP FJD HKD JMD MXN NZD SGD TWD UYU"
# Written sign -> currencies that it can stand for. A bare $ is shared by many.
_SIGNS: dict[str, frozenset[str]] = {
    "$": frozenset(_DOLLARS.split()),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
    "₽": frozenset({"RUB"}),
    "₩": frozenset({"KRW"}),
    "₺": frozenset({"TRY"}),
    "₴": frozenset({"UAH"}),
    "₫": frozenset({"VND"}),
    "zł": frozenset({"PLN"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "us$": frozenset({"USD"}),
    "u$s": frozenset({"USD"}),
    "a$": frozenset({"AUD"}),
    "c$": frozenset({"CAD"}),
    "ca$": frozenset({"CAD"}),
    "mx$": frozenset({"MXN"}),
    "ar$": frozenset({"ARS"}),
    "r$": frozenset({"BRL"}),
    "s/": frozenset({"PEN"}),
}
_CODES = """aed ars aud bdt bgn bhd bob brl cad chf clp cny cop crc czk dkk dop dzd egp eur gbp gel ghs gtq
    hkd hnl hrk huf idr ils inr iqd irr isk jmd jod jpy kes krw kwd kzt lbp lkr mad mxn myr ngn nio nok nzd
    omr pab pen php pkr pln pyg qar ron rsd rub sar sek sgd thb tnd try ttd twd tzs uah ugx usd uyu uzs
    ves vnd xaf xof zar zmw"""
_CURRENCY = r"(?:[a-z]{0,2}\$s?|[€£¥₹₽₩₺₴₫]|s/\.?|zł|kr\.?|[a-z]{3})"
_AMOUNT = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+])?\s*(?P<before>{_CURRENCY})?\s*(?P<inner>[-+])?\s*"
    rf"(?P<body>[0-9.,][0-9.,' ]*?)(?P<exponent>e[-+]?[0-9]{{1,4}})?"
    rf"\s*(?P<after>%|{_CURRENCY})?\s*(?P<trailing>-)?\s*(?P<close>\))?",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_AMBIGUOUS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("\u00a0\u2007\u2009\u202f\u200a\t", " ")
    | dict.fromkeys("\u2212\u2013\ufe63\uff0d", "-")
    | dict.fromkeys("\u2019\u02bc\u00b4`", "'")
    | {"\u200b": None, "\u200e": None, "\u200f": None, "\ufeff": None}
)


@dataclass(frozen=True, slots=True)
class Number:
    """A value as written: ``currency`` is the sign or code beside it, in lower case, or None."""

    value: Decimal
    currency: str | None = None
    percent: bool = False


def is_missing(text: str) -> bool:
    """Tell whether the cell says that there is no value: empty, ``-``, ``n.a.``, ``NaN``, ``inf``, ..."""
    return text.strip().casefold() in _MISSING


def may_be_currency(mark: str, code: str) -> bool:
    """Tell whether a written sign or code can stand for the ISO currency ``code``."""
    return code.upper() in _SIGNS.get(mark.casefold(), {mark.upper()})


def decimal_mark(values: Iterable[str]) -> Mark | None:
    """Find the decimal mark that most of the unambiguous values show; None where none shows any."""
    votes: Counter[Mark] = Counter(mark for value in values if (mark := shown_mark(value)) is not None)
    return votes.most_common(1)[0][0] if votes else None


def shown_mark(text: str) -> Mark | None:
    """Return the decimal mark that one value proves by itself, None where it proves none."""
    match = _AMOUNT.fullmatch(text.translate(_TYPOGRAPHY).strip())
    return _proven_mark(match["body"]) if match else None


def is_ambiguous(text: str) -> bool:
    """Tell whether the value's one mark can be read both ways, as in ``1,234``."""
    match = _AMOUNT.fullmatch(text.translate(_TYPOGRAPHY).strip())
    return bool(match and _AMBIGUOUS.fullmatch(match["body"].strip()))


def parse_number(text: str, decimal: Mark = ".") -> Number:
    """Read one number; ``decimal`` settles only what the value leaves open.

    Parentheses and a trailing minus are negative; a percentage is divided by 100. Raises InputError
    (field ``number``) for what is not a number; a missing value is not one.
    """
    if decimal == "." and _PLAIN.fullmatch(text):
        return Number(Decimal(text))
    match = _AMOUNT.fullmatch(text.translate(_TYPOGRAPHY).strip())
    if match is None or bool(match["open"]) != bool(match["close"]):
        raise InputError("number", "not a number")
    value = Decimal(_plain_digits(match["body"], decimal) + (match["exponent"] or ""))
    minus = [part for part in (match["open"], match["sign"], match["inner"], match["trailing"]) if part]
    if len(minus) > 1 or (match["before"] and match["after"] not in (None, "%")):
        raise InputError("number", "not a number")
    if minus and minus != ["+"]:
        value = -value
    if match["after"] == "%":
        return Number(value.scaleb(-2), percent=True)
    return Number(value, _currency(match["before"] or match["after"]))


def _currency(mark: str | None) -> str | None:
    mark = mark.casefold().rstrip(".") if mark else None
    if mark is not None and mark not in _SIGNS and mark not in _CODES.split():
        raise InputError("number", f"not a number: {mark} is no currency")
    return mark


def _proven_mark(body: str) -> Mark | None:
    body = body.strip()
    points, commas = body.count("."), body.count(",")
    if points and commas:
        return "." if body.rfind(".") > body.rfind(",") else ","
    if points + commas == 0 or _AMBIGUOUS.fullmatch(body):
        return None
    if points + commas == 1:
        return "." if points else ","
    return "," if points else "."


def _plain_digits(body: str, decimal: Mark) -> str:
    body = body.strip()
    mark = _proven_mark(body) or decimal
    whole, _, fraction = body.rpartition(mark) if mark in body else (body, "", "")
    if not re.fullmatch(r"[0-9]*", fraction) or not (whole or fraction):
        raise InputError("number", "not a number")
    if re.search(r"[^0-9]", whole) and not _is_grouped(whole, mark):
        raise InputError("number", "not a number: its groups of digits are uneven")
    return f"{re.sub(r'[^0-9]', '', whole) or '0'}.{fraction or '0'}"


def _is_grouped(whole: str, decimal: Mark) -> bool:
    # Groups of two are Indian lakhs and crores; the last group always has three digits.
    separators = set(re.sub(r"[0-9]", "", whole))
    if len(separators) != 1 or decimal in separators:
        return False
    separator = re.escape(separators.pop())
    return re.fullmatch(rf"[0-9]{{1,3}}(?:{separator}[0-9]{{2,3}})*{separator}[0-9]{{3}}", whole) is not None
