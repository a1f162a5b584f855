"""What answers of ad platforms have in common; nothing in them is taken for granted."""

import math
import re
from datetime import date
from decimal import Decimal

from leadboost.connectors.client.reading import AnswerError
from leadboost.domain.currency import CURRENCIES
from leadboost.domain.money import MAX_MICROS, to_micros
from leadboost.domain.plain_text import clean_line
from leadboost.errors import InputError

NAME_CHARS = 200

_ID = re.compile(r"[0-9]{1,25}", re.ASCII)
_WORD = re.compile(r"[A-Z_]{1,60}", re.ASCII)


def is_id(text: str) -> bool:
    """Whether ``text`` can be an object's id: digits only, so that it is safe in a path or a query."""
    return _ID.fullmatch(text) is not None


def read_id(value: object) -> str:
    """Read an id. Raises AnswerError."""
    if not isinstance(value, str) or not is_id(value):
        raise AnswerError("an id is not text of digits")
    return value


def read_name(value: object) -> str:
    """Read a name as one line of at most 200 characters; what is no text is empty."""
    return clean_line(value)[:NAME_CHARS] if isinstance(value, str) else ""


def read_word(value: object) -> str:
    """Read a status; what is missing or strange is UNKNOWN: a halt must still see its campaign."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else "UNKNOWN"


def read_currency(value: object) -> str | None:
    """Read an ISO 4217 code; None when it names none in use."""
    return value if isinstance(value, str) and value in CURRENCIES else None


def read_whole(value: object) -> int | None:
    """Read a whole number from 0 on, as a number or as text of digits; None when it is neither."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)
    if len(text) > 19 or not (text.isascii() and text.isdigit()):
        return None
    return int(text) if int(text) <= MAX_MICROS else None


def read_money(value: object) -> int | None:
    """Read an amount in units, as a number or as text, into micros; None when it is none, or below zero."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        micros = to_micros(value)
    except InputError:
        return None
    return micros if micros >= 0 else None


def read_count(value: object) -> int | None:
    """Read a count that may come with a fraction or as text, rounded; None when it is none."""
    micros = read_money(value)
    return None if micros is None else math.floor(micros / 1_000_000 + 0.5)


def read_day(value: object) -> date:
    """Read the day of ``2026-11-19`` or ``2026-11-19 00:00:00``. Raises AnswerError."""
    try:
        return date.fromisoformat(value[:10] if isinstance(value, str) else "")
    except ValueError:
        raise AnswerError("a day is not written as YYYY-MM-DD") from None
