"""Signals from outside: validation and normalisation of one raw JSON object.

Identities (``source``, ``external_id``, ``url``) are refused when they are too long or malformed,
because a changed identity would be another thing. Prose (``text``, ``title``, ``author``) is cleaned
and cut, because its beginning is still worth hearing. Control characters, NUL among them, are
stripped everywhere: posts on some platforms carry them, and the database cannot store a NUL. Empty
optional fields count as absent. Unknown keys go to ``extra``.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo

from leadboost.domain.json_value import clean_json
from leadboost.domain.plain_text import clean_line, clean_markup
from leadboost.domain.signal import Signal
from leadboost.errors import InputError

TEXT_CHARS = 20_000
TITLE_CHARS = 500
AUTHOR_CHARS = 256
RAW_CHARS = 200_000
EXTERNAL_ID_CHARS = 512
URL_CHARS = 2_048
COUNTERS = 32
EXTRA_CHARS = 65_536
FUTURE = timedelta(hours=24)

_SOURCE = re.compile(r"[a-z0-9_.-]{1,64}")
_COUNTER = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[!-;=?-~]*)?")  # what most are, told fast
_UNIX = re.compile(r"\d{9,}(?:\.\d+)?")
_LAST_UNIX_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z


def read_signal(raw: object, *, now: datetime) -> Signal:
    """Make a signal of one decoded JSON object; ``now`` is aware UTC.

    A signal with a title alone takes it as its text. ``text`` beyond 20,000 characters is cut and
    ``extra["text_chars"]`` tells its full length. Raises InputError whose text names every
    field at fault and what to do.
    """
    if not isinstance(raw, Mapping):
        raise InputError("signal", "must be a JSON object such as {source, external_id, text}")
    try:
        return _signal(_RawSignal.model_validate(dict(raw), context={"now": now}))
    except ValidationError as error:
        raise _input_error(error) from None


def is_web_url(url: str) -> bool:
    """Tell whether ``url`` is a full http(s) address, at most 2,048 characters, without credentials."""
    if _PLAIN_URL.fullmatch(url):
        return len(url) <= URL_CHARS
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and named and " " not in url and len(url) <= URL_CHARS


def source_name(value: object) -> str:
    """Return the name of a source as signals carry it. Raises ValueError that says what to do."""
    name = value.strip().lower() if isinstance(value, str) else ""
    if not _SOURCE.fullmatch(name):
        raise ValueError("give the source's name: 1 to 64 letters, digits, dots, dashes or underscores")
    return name


def item_id(value: object) -> str:
    """Return the id of an item as signals carry it. Raises ValueError that says what to do."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**128:
        return str(value)
    identity = clean_line(value) if isinstance(value, str) and len(value) <= RAW_CHARS else ""
    if not 1 <= len(identity) <= EXTERNAL_ID_CHARS:
        raise ValueError("give the item's own id at its source: 1 to 512 characters, or a whole number")
    return identity


def _prose(clean: Callable[[str], str]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise ValueError("must be text; put it in quotes")
        if len(value) > RAW_CHARS:
            raise ValueError(f"has {len(value):,} characters; send at most {RAW_CHARS:,}")
        return clean(value)

    return read


def _url(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > URL_CHARS:
        raise ValueError(f"must be text of at most {URL_CHARS:,} characters; leave it out otherwise")
    url = clean_line(value)
    if not is_web_url(url):
        raise ValueError("must be a full http:// or https:// address without user name; else leave it out")
    return url


def _published_at(value: object, info: ValidationInfo) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        at = _instant(value)
    except (ValueError, OverflowError, OSError):
        raise ValueError("must be an ISO 8601 date such as 2026-11-20T09:00:00Z, or Unix seconds") from None
    now: datetime = (info.context or {})["now"]
    if at > now + FUTURE:
        raise ValueError("lies more than 24 hours in the future; correct it or leave it out")
    return at


def _instant(value: object) -> datetime:
    if isinstance(value, str) and _UNIX.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value <= _LAST_UNIX_SECOND:
            raise ValueError
        return datetime.fromtimestamp(value, UTC)
    at = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
    if not isinstance(at, datetime):
        raise ValueError
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _engagement(value: object) -> dict[str, float]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or len(value) > COUNTERS:
        raise ValueError(f"must be an object of at most {COUNTERS} counters such as {{score: 12}}")
    return {_counter_name(name): _count(name, count) for name, count in value.items() if count is not None}


@lru_cache(maxsize=1_024)  # a source sends the same few with every item
def _counter_name(name: object) -> str:
    if not isinstance(name, str) or not _COUNTER.fullmatch(name):
        raise ValueError("counter names are 1 to 64 letters, digits, dots, dashes or underscores")
    return name


def _count(name: object, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1e15:
        return float(value)
    raise ValueError(f"{name} must be a number from 0 to 10^15; leave it out otherwise")


def _extra(value: object) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError("must be an object of further fields")
    return dict(value)


class _RawSignal(BaseModel):
    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=False)

    source: Annotated[str, BeforeValidator(source_name)] = Field(default=None, validate_default=True)
    external_id: Annotated[str, BeforeValidator(item_id)] = Field(default=None, validate_default=True)
    text: Annotated[str, BeforeValidator(_prose(clean_markup))] = ""
    title: Annotated[str, BeforeValidator(_prose(clean_markup))] = ""
    author: Annotated[str, BeforeValidator(_prose(clean_line))] = ""
    url: Annotated[str | None, BeforeValidator(_url)] = None
    published_at: Annotated[datetime | None, BeforeValidator(_published_at)] = None
    engagement: Annotated[dict[str, float], BeforeValidator(_engagement)] = Field(default_factory=dict)
    extra: Annotated[dict[str, object], BeforeValidator(_extra)] = Field(default_factory=dict)


def _signal(raw: _RawSignal) -> Signal:
    text = raw.text or raw.title
    if not text:
        raise InputError("text", "is empty, and so is title; give at least one of them")
    extra = raw.extra | (raw.model_extra or {})
    if len(text) > TEXT_CHARS:
        extra["text_chars"] = len(text)
    return Signal(
        source=raw.source,
        external_id=raw.external_id,
        text=_cut(text, TEXT_CHARS),
        url=raw.url,
        author=_cut(raw.author, AUTHOR_CHARS) or None,
        title=_cut(raw.title, TITLE_CHARS) or None,
        published_at=raw.published_at,
        engagement=raw.engagement,
        extra=clean_json("extra", extra, limit_chars=EXTRA_CHARS),
    )


def _cut(text: str, limit: int) -> str:
    return text[:limit].rstrip()


def _input_error(error: ValidationError) -> InputError:
    faults = [
        (str(fault["loc"][0]) if fault["loc"] else "signal", fault["msg"].removeprefix("Value error, "))
        for fault in error.errors(include_url=False, include_input=False)
    ]
    field, reason = faults[0]
    return InputError(field, "; ".join([reason, *(f"{name}: {rest}" for name, rest in faults[1:])]))
