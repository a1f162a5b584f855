"""Access tokens of OAuth 2.0 (RFC 6749), kept while they are good and asked for once for all sources."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from leadboost.clock import Clock
from leadboost.connectors.client.reading import AnswerError, as_counters, as_text, read_object
from leadboost.connectors.client.refusal import Refusals, known_code
from leadboost.errors import SourceError

EARLY_S = 60.0

C = TypeVar("C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token; ``expires_in_s`` counts from when it was given out. ``refresh`` renews it, where the
    grant knows such a thing."""

    text: str = field(repr=False)
    expires_in_s: float
    refresh: str = field(default="", repr=False)


def read_token(body: bytes) -> Token | str:
    """Read a token, or the word for why there is none: some services refuse with HTTP 200 too.

    Raises AnswerError.
    """
    found = read_object(body)
    if found.get("error"):
        return known_code(found["error"]) or "refused"
    text, expires_in = as_text(found.get("access_token")), as_counters(s=found.get("expires_in"))
    if not _is_header_text(text) or not expires_in:
        raise AnswerError("no usable access_token with expires_in")
    refresh = as_text(found.get("refresh_token"))
    return Token(text=text, expires_in_s=expires_in["s"], refresh=refresh if _is_header_text(refresh) else "")


def without_token(word: str, refusals: Refusals, *, cure: str) -> SourceError:
    """Judge why there is no token (RFC 6749, 4.1.2.1 and 5.2): the words ``invalid_*`` tell that what was
    sent is wrong, until somebody has done what ``cure`` says; any other may pass."""
    reason = f"gives no token ({word})"
    return refusals.gone(f"{reason}; {cure}") if word.startswith("invalid_") else refusals.broken(reason)


class TokenKeeper(Generic[C]):
    """The token of one credential. ``renew`` asks the service for a new one, one call at a time; it gets
    what the asker hands in: how refusals are told, or how urgent it is."""

    def __init__(self, renew: Callable[[C], Awaitable[Token]], *, clock: Clock) -> None:
        self._renew = renew
        self._clock = clock
        self._token: Token | None = None
        self._expires_at = 0.0
        self._renewing = asyncio.Lock()

    async def good(self, context: C, *, refused: Token | None = None) -> Token:
        """Return a token that is good for a minute at least, and not ``refused``.

        Raises what ``renew`` raises.
        """
        async with self._renewing:
            token = self._token
            if token is None or token is refused or self._clock.monotonic() >= self._expires_at:
                token = self._token = await self._renew(context)
                self._expires_at = self._clock.monotonic() + token.expires_in_s - EARLY_S
            return token


def _is_header_text(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
