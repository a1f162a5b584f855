"""Field types of requests: bounds, patterns, and money that never passes through a float."""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from leadboost.domain.account import (
    MAX_PASSWORD_CHARS,
    MIN_PASSWORD_CHARS,
    normal_password,
    password_fault,
)
from leadboost.domain.money import MICROS_PER_UNIT, to_micros
from leadboost.domain.rules.written import NAME_PATTERN as RULE_NAME_PATTERN
from leadboost.errors import InputError

MAX_AMOUNT: Final = 1_000_000_000_000
MAX_COUNT: Final = 1_000_000_000
MAX_INT64: Final = 2**63 - 1

SKU_PATTERN: Final = r"^[^\p{C}\p{Z}]([^\p{C}\p{Zl}\p{Zp}]*[^\p{C}\p{Z}])?$"
CURRENCY_PATTERN: Final = r"^[A-Z]{3}$"
URL_PATTERN: Final = r"^https?://[!-~]+$"
SINCE_PATTERN: Final = r"^([1-9]|[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])d$"
PATTERN_REASONS: Final = {
    SKU_PATTERN: "must be printable characters without blanks at either end",
    CURRENCY_PATTERN: "must be a three-letter ISO 4217 code such as EUR",
    URL_PATTERN: "must be an http or https address in ASCII",
    SINCE_PATTERN: "must be a number of days from 1d to 366d",
    RULE_NAME_PATTERN: "must be lower-case letters, digits, _ and -, a letter first, at most 64",
}

_DECIMAL_TEXT: Final = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,18})?")
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONEY_TEXT: Final = "Units of the base currency, kept exactly to six decimals; a number or a decimal text."


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


def _micros(amount: object) -> int:
    if isinstance(amount, bool) or not isinstance(amount, int | str | Decimal):
        raise ValueError("must be a number or a decimal text")
    if isinstance(amount, str) and not _DECIMAL_TEXT.fullmatch(amount):
        raise ValueError('must be a plain decimal such as "12.50"')
    try:
        units = Decimal(amount)
        micros = to_micros(units) if units.is_finite() and 0 <= units <= MAX_AMOUNT else -1
    except InputError as error:
        raise ValueError(error.reason) from None
    if micros < 0:
        raise ValueError(f"must be between 0 and {MAX_AMOUNT}")
    return micros


def _positive(micros: int) -> int:
    if micros == 0:
        raise ValueError(f"must be at least {1 / MICROS_PER_UNIT:f}")
    return micros


def _iso_date(text: object) -> date:
    if not isinstance(text, str) or not _ISO_DATE.fullmatch(text):
        raise ValueError("must be a date such as 2026-01-31")
    return date.fromisoformat(text)


def _uuid(text: object) -> UUID:
    try:
        return UUID(text if isinstance(text, str) else "")
    except ValueError:
        raise ValueError("must be a UUID") from None


def _worded(text: str) -> str:
    if not any(map(str.isalnum, text)):
        raise ValueError("must hold a letter or digit")
    return text


def _person_name(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _password(text: str) -> str:
    password = normal_password(text)
    if (fault := password_fault(password)) is not None:
        raise ValueError(fault)
    return password


Sku = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=SKU_PATTERN)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_no_nul)]
Label = Annotated[str, StringConstraints(max_length=256), AfterValidator(_no_nul)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(_no_nul)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_no_nul)
]
Title = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_no_nul)]
Copy = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_no_nul)]
Wording = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64),
    AfterValidator(_no_nul),
    AfterValidator(_worded),
]
Example = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_no_nul),
    AfterValidator(_worded),
]
Since = Annotated[str, StringConstraints(pattern=SINCE_PATTERN)]
Currency = Annotated[str, StringConstraints(pattern=CURRENCY_PATTERN)]
Url = Annotated[str, StringConstraints(max_length=2048, pattern=URL_PATTERN)]
Quantity = Annotated[int, Field(ge=1, le=1_000_000)]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Tally = Annotated[int, Field(ge=0, le=MAX_INT64)]
Money = Annotated[
    int,
    BeforeValidator(_micros),
    WithJsonSchema(
        {"type": ["number", "string"], "minimum": 0, "maximum": MAX_AMOUNT, "description": _MONEY_TEXT}
    ),
]
Spend = Annotated[
    int,
    BeforeValidator(_micros),
    AfterValidator(_positive),
    WithJsonSchema(
        {
            "type": ["number", "string"],
            "exclusiveMinimum": 0,
            "maximum": MAX_AMOUNT,
            "description": _MONEY_TEXT,
        }
    ),
]
Day = Annotated[date, BeforeValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})]
Id = Annotated[UUID, BeforeValidator(_uuid), WithJsonSchema({"type": "string", "format": "uuid"})]
PersonName = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=SKU_PATTERN), AfterValidator(_person_name)
]
NewPassword = Annotated[
    str,
    Field(min_length=MIN_PASSWORD_CHARS, max_length=MAX_PASSWORD_CHARS),
    AfterValidator(_password),
]
GivenPassword = Annotated[str, Field(min_length=1, max_length=MAX_PASSWORD_CHARS)]
Attributes = Annotated[dict[Name, Label], Field(max_length=64)]
